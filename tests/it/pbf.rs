//! Writes extracts of OpenStreetMap in PBF format (the wiki calls it `PBF Format`), just enough for tests.

pub type Tag = (&'static str, &'static str);

/// An extract.
#[derive(Debug, Default)]
pub struct Extract {
    /// Number, longitude, latitude, tags.
    pub nodes: Vec<(i64, [f64; 2], Vec<Tag>)>,
    /// Points and tags.
    pub ways: Vec<(Vec<i64>, Vec<Tag>)>,
}

/// How it is written: OpenStreetMap's own tools write dense nodes and zlib.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    pub dense: bool,
    pub zlib: bool,
}

impl Extract {
    pub fn node(&mut self, number: i64, at: [f64; 2], tags: &[Tag]) {
        self.nodes.push((number, at, tags.to_vec()));
    }

    pub fn way(&mut self, points: &[i64], tags: &[Tag]) {
        self.ways.push((points.to_vec(), tags.to_vec()));
    }

    /// The file: a header, a block of nodes, a block of ways.
    pub fn bytes(&self, manner: Manner) -> Vec<u8> {
        let mut header = Vec::new();
        for feature in ["OsmSchema-V0.6", "DenseNodes"] {
            field(&mut header, 4, feature.as_bytes());
        }
        let mut strings = Strings(vec![String::new()]);
        let nodes = if manner.dense { self.dense_nodes(&mut strings) } else { self.plain_nodes(&mut strings) };
        let nodes = strings.block(&nodes);
        let mut strings = Strings(vec![String::new()]);
        let mut ways = Vec::new();
        for (number, (points, tags)) in self.ways.iter().enumerate() {
            let mut way = Vec::new();
            plain_field(&mut way, 1, number as u64 + 1);
            strings.tags(&mut way, tags);
            field(&mut way, 8, &packed_deltas(points.iter().copied()));
            field(&mut ways, 3, &way);
        }
        let ways = strings.block(&ways);
        let blobs = [("OSMHeader", header), ("OSMData", nodes), ("OSMData", ways)];
        blobs.iter().flat_map(|(kind, data)| blob(kind, data, manner.zlib)).collect()
    }

    fn dense_nodes(&self, strings: &mut Strings) -> Vec<u8> {
        let mut tags = Vec::new();
        for (.., own) in &self.nodes {
            for (key, value) in own {
                varint(&mut tags, strings.number(key));
                varint(&mut tags, strings.number(value));
            }
            varint(&mut tags, 0);
        }
        let mut dense = Vec::new();
        field(&mut dense, 1, &packed_deltas(self.nodes.iter().map(|(number, ..)| *number)));
        field(&mut dense, 8, &packed_deltas(self.nodes.iter().map(|(_, at, _)| fixed(at[1]))));
        field(&mut dense, 9, &packed_deltas(self.nodes.iter().map(|(_, at, _)| fixed(at[0]))));
        field(&mut dense, 10, &tags);
        let mut group = Vec::new();
        field(&mut group, 2, &dense);
        group
    }

    fn plain_nodes(&self, strings: &mut Strings) -> Vec<u8> {
        let mut group = Vec::new();
        for (number, at, tags) in &self.nodes {
            let mut node = Vec::new();
            plain_field(&mut node, 1, zigzag(*number));
            strings.tags(&mut node, tags);
            plain_field(&mut node, 8, zigzag(fixed(at[1])));
            plain_field(&mut node, 9, zigzag(fixed(at[0])));
            field(&mut group, 1, &node);
        }
        group
    }
}

struct Strings(Vec<String>);

impl Strings {
    fn number(&mut self, text: &str) -> u64 {
        let known = self.0.iter().position(|known| known == text);
        known.unwrap_or_else(|| {
            self.0.push(text.to_owned());
            self.0.len() - 1
        }) as u64
    }

    fn tags(&mut self, message: &mut Vec<u8>, tags: &[Tag]) {
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        for (key, value) in tags {
            varint(&mut keys, self.number(key));
            varint(&mut values, self.number(value));
        }
        field(message, 2, &keys);
        field(message, 3, &values);
    }

    fn block(&self, group: &[u8]) -> Vec<u8> {
        let (mut table, mut block) = (Vec::new(), Vec::new());
        self.0.iter().for_each(|text| field(&mut table, 1, text.as_bytes()));
        field(&mut block, 1, &table);
        field(&mut block, 2, group);
        block
    }
}

/// 1e-7 degrees: granularity 100 nanodegrees.
fn fixed(degrees: f64) -> i64 {
    (degrees * 1e7).round() as i64
}

fn varint(to: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        to.push(value as u8 | 0x80);
        value >>= 7;
    }
    to.push(value as u8);
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

fn field(to: &mut Vec<u8>, number: u64, bytes: &[u8]) {
    varint(to, number << 3 | 2);
    varint(to, bytes.len() as u64);
    to.extend(bytes);
}

fn plain_field(to: &mut Vec<u8>, number: u64, value: u64) {
    varint(to, number << 3);
    varint(to, value);
}

fn packed_deltas(values: impl Iterator<Item = i64>) -> Vec<u8> {
    let (mut packed, mut before) = (Vec::new(), 0);
    for value in values {
        varint(&mut packed, zigzag(value - before));
        before = value;
    }
    packed
}

fn blob(kind: &str, data: &[u8], zlib: bool) -> Vec<u8> {
    let mut blob = Vec::new();
    if zlib {
        plain_field(&mut blob, 2, data.len() as u64);
        field(&mut blob, 3, &stored(data));
    } else {
        field(&mut blob, 1, data);
    }
    let mut header = Vec::new();
    field(&mut header, 1, kind.as_bytes());
    plain_field(&mut header, 3, blob.len() as u64);
    [&(header.len() as u32).to_be_bytes()[..], &header, &blob].concat()
}

/// A zlib stream of stored blocks (RFC 1950, 1951).
fn stored(data: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 0x01];
    let mut blocks = data.chunks(0xffff).peekable();
    while let Some(block) = blocks.next() {
        let length = block.len() as u16;
        stream.push(u8::from(blocks.peek().is_none()));
        stream.extend(length.to_le_bytes());
        stream.extend((!length).to_le_bytes());
        stream.extend(block);
    }
    let (a, b) = data.iter().fold((1_u32, 0_u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    stream.extend((b << 16 | a).to_be_bytes());
    stream
}
