//! The messages of `config/schema/zhilian.proto`, field by field; a test holds them against it.

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Report {
    #[prost(uint32, tag = "1")]
    pub(super) v: u32,
    #[prost(string, tag = "2")]
    pub(super) vin: String,
    #[prost(uint32, tag = "3")]
    pub(super) boot: u32,
    #[prost(uint32, tag = "4")]
    pub(super) seq: u32,
    #[prost(int64, tag = "5")]
    pub(super) ts_ms: i64,
    #[prost(int32, tag = "6")]
    pub(super) mode: i32,
    #[prost(bool, tag = "7")]
    pub(super) locked: bool,
    #[prost(bool, tag = "8")]
    pub(super) key_near: bool,
    #[prost(message, optional, tag = "9")]
    pub(super) position: Option<Position>,
    #[prost(message, optional, tag = "10")]
    pub(super) motion: Option<Motion>,
    #[prost(message, optional, tag = "11")]
    pub(super) battery: Option<Battery>,
    #[prost(message, optional, tag = "12")]
    pub(super) link: Option<Link>,
    #[prost(sint64, optional, tag = "13")]
    pub(super) air_c_e3: Option<i64>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Position {
    #[prost(int32, tag = "1")]
    pub(super) fix: i32,
    #[prost(sfixed32, tag = "2")]
    pub(super) lat_deg_e7: i32,
    #[prost(sfixed32, tag = "3")]
    pub(super) lon_deg_e7: i32,
    #[prost(sint64, tag = "4")]
    pub(super) alt_m_e3: i64,
    #[prost(sint64, tag = "5")]
    pub(super) speed_mps_e3: i64,
    #[prost(sint64, tag = "6")]
    pub(super) heading_deg_e3: i64,
    #[prost(uint32, tag = "7")]
    pub(super) sats: u32,
    #[prost(sint64, tag = "8")]
    pub(super) hdop_e3: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
#[expect(clippy::struct_field_names, reason = "the names of the schema, where e3 tells the unit")]
pub(super) struct Motion {
    #[prost(sint64, tag = "1")]
    pub(super) wheel_mps_e3: i64,
    #[prost(sint64, tag = "2")]
    pub(super) vibration_g_e3: i64,
    #[prost(sint64, tag = "3")]
    pub(super) tilt_deg_e3: i64,
    #[prost(sint64, tag = "4")]
    pub(super) odo_m_e3: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Battery {
    #[prost(string, tag = "1")]
    pub(super) pack: String,
    #[prost(int32, tag = "2")]
    pub(super) chemistry: i32,
    #[prost(sint64, tag = "3")]
    pub(super) soc_pct_e3: i64,
    #[prost(sint64, tag = "4")]
    pub(super) soh_pct_e3: i64,
    #[prost(sint64, tag = "5")]
    pub(super) pack_v_e3: i64,
    #[prost(sint64, tag = "6")]
    pub(super) pack_a_e3: i64,
    #[prost(uint32, repeated, tag = "7")]
    pub(super) cells_mv: Vec<u32>,
    #[prost(sint64, repeated, tag = "8")]
    pub(super) temps_c_e3: Vec<i64>,
    #[prost(sint64, tag = "9")]
    pub(super) insulation_kohm_e3: i64,
    #[prost(uint32, tag = "10")]
    pub(super) alarm_level: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Link {
    #[prost(sint64, tag = "1")]
    pub(super) rsrp_dbm_e3: i64,
    #[prost(uint32, tag = "2")]
    pub(super) cell: u32,
    #[prost(bool, tag = "3")]
    pub(super) backup_power: bool,
    #[prost(sint64, optional, tag = "4")]
    pub(super) backup_pct_e3: Option<i64>,
    #[prost(message, optional, tag = "5")]
    pub(super) near: Option<Near>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Near {
    #[prost(sfixed32, tag = "1")]
    pub(super) lat_deg_e7: i32,
    #[prost(sfixed32, tag = "2")]
    pub(super) lon_deg_e7: i32,
    #[prost(sint64, tag = "3")]
    pub(super) radius_m_e3: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Event {
    #[prost(uint32, tag = "1")]
    pub(super) v: u32,
    #[prost(string, tag = "2")]
    pub(super) vin: String,
    #[prost(uint32, tag = "3")]
    pub(super) boot: u32,
    #[prost(uint32, tag = "4")]
    pub(super) seq: u32,
    #[prost(int64, tag = "5")]
    pub(super) ts_ms: i64,
    #[prost(int32, tag = "6")]
    pub(super) kind: i32,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Reply {
    #[prost(uint32, tag = "1")]
    pub(super) v: u32,
    #[prost(string, tag = "2")]
    pub(super) vin: String,
    #[prost(uint32, tag = "3")]
    pub(super) boot: u32,
    #[prost(uint32, tag = "4")]
    pub(super) seq: u32,
    #[prost(int64, tag = "5")]
    pub(super) ts_ms: i64,
    #[prost(string, tag = "6")]
    pub(super) id: String,
    #[prost(int32, tag = "7")]
    pub(super) outcome: i32,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct State {
    #[prost(uint32, tag = "1")]
    pub(super) v: u32,
    #[prost(string, tag = "2")]
    pub(super) vin: String,
    #[prost(bool, tag = "3")]
    pub(super) online: bool,
    #[prost(uint32, optional, tag = "4")]
    pub(super) boot: Option<u32>,
    #[prost(uint32, optional, tag = "5")]
    pub(super) seq: Option<u32>,
    #[prost(int64, optional, tag = "6")]
    pub(super) ts_ms: Option<i64>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Batch {
    #[prost(uint32, tag = "1")]
    pub(super) v: u32,
    #[prost(string, tag = "2")]
    pub(super) vin: String,
    #[prost(message, repeated, tag = "3")]
    pub(super) items: Vec<Member>,
}

/// An `Item` of the schema.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Member {
    #[prost(oneof = "Kind", tags = "1, 2, 3")]
    pub(super) kind: Option<Kind>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
#[expect(clippy::large_enum_variant, reason = "nearly all are reports, and a box would cost an allocation each")]
pub(super) enum Kind {
    #[prost(message, tag = "1")]
    Report(Report),
    #[prost(message, tag = "2")]
    Event(Event),
    #[prost(message, tag = "3")]
    Reply(Reply),
}
