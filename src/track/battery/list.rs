//! The cells of a pack in a row, in place where there are not many: most vehicles need no room elsewhere.

use std::ops::{Deref, DerefMut};

use arrayvec::ArrayVec;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::cell::CellFeature;
use super::sampling::MOST_CELLS;

/// As many as most packs of two-wheelers have.
const IN_PLACE: usize = 16;

/// What is remembered of each cell.
#[derive(Debug, Clone)]
pub(super) enum CellList {
    /// In place.
    Few(ArrayVec<CellFeature, IN_PLACE>),
    /// More than that.
    Many(Box<[CellFeature]>),
}

impl CellList {
    /// So many, of which nothing is known; of more than [`MOST_CELLS`] as many as those.
    pub(super) fn new(count: usize) -> Self {
        if count <= IN_PLACE {
            Self::Few(std::iter::repeat_n(CellFeature::default(), count).collect())
        } else {
            Self::Many(vec![CellFeature::default(); count.min(MOST_CELLS)].into())
        }
    }
}

impl Deref for CellList {
    type Target = [CellFeature];

    #[inline]
    fn deref(&self) -> &[CellFeature] {
        match self {
            Self::Few(list) => list,
            Self::Many(list) => list,
        }
    }
}

impl DerefMut for CellList {
    #[inline]
    fn deref_mut(&mut self) -> &mut [CellFeature] {
        match self {
            Self::Few(list) => list,
            Self::Many(list) => list,
        }
    }
}

impl<'a> IntoIterator for &'a CellList {
    type Item = &'a CellFeature;
    type IntoIter = std::slice::Iter<'a, CellFeature>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl PartialEq for CellList {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for CellList {}

impl Serialize for CellList {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for CellList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let cells = Box::<[CellFeature]>::deserialize(deserializer)?;
        Ok(ArrayVec::try_from(&*cells).map_or(Self::Many(cells), Self::Few))
    }
}
