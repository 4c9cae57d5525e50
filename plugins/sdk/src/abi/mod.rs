//! Between the component model's flat values and the types of this crate. [`export!`](crate::export) uses it; nobody else needs
//! to.
//!
//! The host puts a call's arguments into memory that it asks of [`allocate`]; the call frees them when it is done. What a call
//! answers lies in buffers that stay until the next call, so that nothing has to be freed after it and nothing is allocated in
//! the long run.

pub mod layout;

#[cfg(target_arch = "wasm32")]
mod arguments;
#[cfg(target_arch = "wasm32")]
mod calls;
#[cfg(target_arch = "wasm32")]
pub(crate) mod imports;
#[cfg(target_arch = "wasm32")]
mod memory;
#[cfg(target_arch = "wasm32")]
mod results;

#[cfg(target_arch = "wasm32")]
pub use {
    arguments::RawBatch,
    calls::{Exported, apply, assign, check, init, run},
    memory::allocate,
};

/// The types that a component is made of, for each world of the contract, as `wit-component` wants them in a module's custom
/// section. `KLAMM_WRITE_REFERENCES=1 cargo test -p klamm-cli worlds` makes them from the contract.
pub mod worlds {
    /// A partitioner.
    pub const PARTITIONER: &[u8] = include_bytes!("../worlds/partitioner.bin");
    /// A filter.
    pub const FILTER: &[u8] = include_bytes!("../worlds/filter.bin");
    /// A serializer.
    pub const SERIALIZER: &[u8] = include_bytes!("../worlds/serializer.bin");
    /// A transform.
    pub const TRANSFORM: &[u8] = include_bytes!("../worlds/transform.bin");

    /// The bytes as an array, which a static needs.
    ///
    /// # Panics
    /// At compile time, if the length is another.
    pub const fn bytes<const N: usize>(world: &[u8]) -> [u8; N] {
        let mut bytes = [0; N];
        bytes.copy_from_slice(world);
        bytes
    }
}
