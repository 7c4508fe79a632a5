//! Parquet tables for notebooks: flat columns, named as on the wire, filled row by row. Rows stay in the order in which
//! they come and are written in groups, so that memory is bounded however long the table grows.

use std::io::{self, Write};
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical, ZstdLevel};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{Type, TypePtr};

/// Rows of a group. With 24 cells a group of reports takes about 50 MB before it is packed.
const GROUP: usize = 65_536;

/// What a column takes from a row; `None` is an empty cell.
enum Take<R> {
    /// Milliseconds since 1970, UTC.
    Time(fn(&R) -> Option<i64>),
    /// A whole number, 0 or more, of 8, 16 or 32 bits.
    Whole(i8, fn(&R) -> Option<u32>),
    Real(fn(&R) -> Option<f64>),
    Flag(fn(&R) -> Option<bool>),
    Text(for<'a> fn(&'a R) -> Option<&'a str>),
    /// Words that are made for the table.
    Made(fn(&R) -> Option<String>),
    /// Several whole numbers of 16 bits.
    Wholes(for<'a> fn(&'a R) -> Option<&'a [u16]>),
    /// Several numbers, handed over one by one.
    Reals(fn(&R, &mut dyn FnMut(f64)) -> Option<()>),
}

/// A column of a table of `R`: its name and what it takes from a row.
pub struct Column<R> {
    name: &'static str,
    take: Take<R>,
}

impl<R> Column<R> {
    /// Points in time, in milliseconds since 1970.
    pub fn time(name: &'static str, take: fn(&R) -> Option<i64>) -> Self {
        Self { name, take: Take::Time(take) }
    }

    /// Whole numbers, 0 or more, of 8, 16 or 32 bits.
    pub fn whole(name: &'static str, bits: i8, take: fn(&R) -> Option<u32>) -> Self {
        Self { name, take: Take::Whole(bits, take) }
    }

    /// Numbers.
    pub fn real(name: &'static str, take: fn(&R) -> Option<f64>) -> Self {
        Self { name, take: Take::Real(take) }
    }

    /// Yes or no.
    pub fn flag(name: &'static str, take: fn(&R) -> Option<bool>) -> Self {
        Self { name, take: Take::Flag(take) }
    }

    /// Words.
    pub fn text(name: &'static str, take: for<'a> fn(&'a R) -> Option<&'a str>) -> Self {
        Self { name, take: Take::Text(take) }
    }

    /// Words that are made for the table, such as a JSON object.
    pub fn made(name: &'static str, take: fn(&R) -> Option<String>) -> Self {
        Self { name, take: Take::Made(take) }
    }

    /// Lists of whole numbers of 16 bits.
    pub fn wholes(name: &'static str, take: for<'a> fn(&'a R) -> Option<&'a [u16]>) -> Self {
        Self { name, take: Take::Wholes(take) }
    }

    /// Lists of numbers.
    pub fn reals(name: &'static str, take: fn(&R, &mut dyn FnMut(f64)) -> Option<()>) -> Self {
        Self { name, take: Take::Reals(take) }
    }

    fn schema(&self) -> Result<TypePtr, ParquetError> {
        let plain = |name, repetition, physical, logical| {
            let built = Type::primitive_type_builder(name, physical).with_repetition(repetition);
            built.with_logical_type(logical).build().map(Arc::new)
        };
        let whole = |bits| Some(LogicalType::integer(bits, false));
        let list = |physical, logical| {
            let element = plain("element", Repetition::REQUIRED, physical, logical)?;
            let items = Type::group_type_builder("list").with_repetition(Repetition::REPEATED);
            let items = items.with_fields(vec![element]).build()?;
            let list = Type::group_type_builder(self.name).with_repetition(Repetition::OPTIONAL);
            list.with_logical_type(Some(LogicalType::List)).with_fields(vec![Arc::new(items)]).build().map(Arc::new)
        };
        let one = |physical, logical| plain(self.name, Repetition::OPTIONAL, physical, logical);
        match self.take {
            Take::Time(_) => one(Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MILLIS))),
            Take::Whole(bits, _) => one(Physical::INT32, whole(bits)),
            Take::Real(_) => one(Physical::DOUBLE, None),
            Take::Flag(_) => one(Physical::BOOLEAN, None),
            Take::Text(_) | Take::Made(_) => one(Physical::BYTE_ARRAY, Some(LogicalType::String)),
            Take::Wholes(_) => list(Physical::INT32, whole(16)),
            Take::Reals(_) => list(Physical::DOUBLE, None),
        }
    }
}

/// The cells of a column that wait for their group: values and, as Parquet wants them, where they stand.
#[derive(Default)]
struct Cells {
    times: Vec<i64>,
    wholes: Vec<i32>,
    reals: Vec<f64>,
    flags: Vec<bool>,
    texts: Vec<ByteArray>,
    /// Definition levels: 0 for an empty cell, 1 for a value or an empty list, 2 for an item of a list.
    defined: Vec<i16>,
    /// Repetition levels, of lists alone: 0 for the first item of a list, 1 for the others.
    repeated: Vec<i16>,
}

impl Cells {
    fn take<R>(&mut self, take: &Take<R>, row: &R) {
        match take {
            Take::Time(of) => one(&mut self.times, &mut self.defined, of(row)),
            // Parquet keeps unsigned numbers in the same bits.
            Take::Whole(_, of) => one(&mut self.wholes, &mut self.defined, of(row).map(|value| value as i32)),
            Take::Real(of) => one(&mut self.reals, &mut self.defined, of(row)),
            Take::Flag(of) => one(&mut self.flags, &mut self.defined, of(row)),
            Take::Text(of) => one(&mut self.texts, &mut self.defined, of(row).map(ByteArray::from)),
            Take::Made(of) => {
                let made = of(row);
                one(&mut self.texts, &mut self.defined, made.as_deref().map(ByteArray::from));
            }
            Take::Wholes(of) => {
                let (before, items) = (self.wholes.len(), of(row));
                self.wholes.extend(items.unwrap_or_default().iter().map(|value| i32::from(*value)));
                self.list(self.wholes.len() - before, items.is_some());
            }
            Take::Reals(of) => {
                let before = self.reals.len();
                let there = of(row, &mut |value| self.reals.push(value));
                self.list(self.reals.len() - before, there.is_some());
            }
        }
    }

    fn list(&mut self, items: usize, there: bool) {
        if items == 0 {
            self.defined.push(i16::from(there));
            self.repeated.push(0);
        }
        self.defined.extend(std::iter::repeat_n(2, items));
        self.repeated.extend((0..items).map(|item| i16::from(item > 0)));
    }

    fn write<R>(&mut self, take: &Take<R>, mut to: SerializedColumnWriter) -> Result<(), ParquetError> {
        match take {
            Take::Time(_) => self.batch::<Int64Type>(&self.times, &mut to)?,
            Take::Whole(..) | Take::Wholes(_) => self.batch::<Int32Type>(&self.wholes, &mut to)?,
            Take::Real(_) | Take::Reals(_) => self.batch::<DoubleType>(&self.reals, &mut to)?,
            Take::Flag(_) => self.batch::<BoolType>(&self.flags, &mut to)?,
            Take::Text(_) | Take::Made(_) => self.batch::<ByteArrayType>(&self.texts, &mut to)?,
        }
        *self = Self::default();
        to.close()
    }

    fn batch<T: DataType>(&self, values: &[T::T], to: &mut SerializedColumnWriter) -> Result<(), ParquetError> {
        let repeated = (!self.repeated.is_empty()).then_some(&self.repeated[..]);
        to.typed::<T>().write_batch(values, Some(&self.defined), repeated).map(drop)
    }
}

fn one<T>(values: &mut Vec<T>, defined: &mut Vec<i16>, value: Option<T>) {
    defined.push(i16::from(value.is_some()));
    values.extend(value);
}

/// A table of `R` that is being written. Without [`Table::finish`] the output is no Parquet file.
pub struct Table<W: Write + Send, R> {
    file: SerializedFileWriter<W>,
    columns: Vec<(Column<R>, Cells)>,
    waiting: usize,
}

impl<W: Write + Send, R> Table<W, R> {
    /// Begins a table.
    ///
    /// # Errors
    /// Those of the output.
    pub fn new(out: W, columns: Vec<Column<R>>) -> io::Result<Self> {
        let fields: Result<Vec<TypePtr>, ParquetError> = columns.iter().map(Column::schema).collect();
        let schema = Type::group_type_builder("row").with_fields(fields.map_err(plain)?).build().map_err(plain)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_created_by(concat!("zhilian ", env!("CARGO_PKG_VERSION")).to_owned());
        let file = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties.build())).map_err(plain)?;
        let columns = columns.into_iter().map(|column| (column, Cells::default())).collect();
        Ok(Self { file, columns, waiting: 0 })
    }

    /// Adds a row.
    ///
    /// # Errors
    /// Those of the output.
    pub fn push(&mut self, row: &R) -> io::Result<()> {
        for (column, cells) in &mut self.columns {
            cells.take(&column.take, row);
        }
        self.waiting += 1;
        if self.waiting == GROUP { self.write_group().map_err(plain) } else { Ok(()) }
    }

    /// Ends the table and gives the output back.
    ///
    /// # Errors
    /// Those of the output.
    pub fn finish(mut self) -> io::Result<W> {
        if self.waiting > 0 {
            self.write_group().map_err(plain)?;
        }
        self.file.into_inner().map_err(plain)
    }

    fn write_group(&mut self) -> Result<(), ParquetError> {
        let mut group = self.file.next_row_group()?;
        for (column, cells) in &mut self.columns {
            if let Some(to) = group.next_column()? {
                cells.write(&column.take, to)?;
            }
        }
        self.waiting = 0;
        group.close().map(drop)
    }
}

/// What really failed, where that was the output.
fn plain(error: ParquetError) -> io::Error {
    let ParquetError::External(inner) = error else { return io::Error::other(error) };
    match inner.downcast::<io::Error>() {
        Ok(io) => *io,
        Err(other) => io::Error::other(other),
    }
}

impl<W: Write + Send, R> std::fmt::Debug for Table<W, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table").field("columns", &self.columns.len()).finish_non_exhaustive()
    }
}

impl<R> std::fmt::Debug for Column<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Column").field("name", &self.name).finish_non_exhaustive()
    }
}
