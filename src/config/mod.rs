//! Settings: defaults < file < environment < flags. Each module owns its own; here they are put together, and the files
//! of `config/` are found, by name within the program or by path.

pub mod fault;
pub mod files;
pub mod layers;
pub mod run;
pub mod settings;

pub use fault::Fault;
pub use settings::Config;
