//! The broker's functions.

#![expect(unsafe_code, reason = "functions of the host, by the canonical ABI")]

#[link(wasm_import_module = "klamm:plugin/host@0.1.0")]
unsafe extern "C" {
    #[link_name = "log"]
    fn host_log(level: u32, text: *const u8, length: usize);
    #[link_name = "counter-add"]
    fn host_counter_add(name: *const u8, length: usize, value: u64);
}

pub(crate) fn log(level: u32, line: &str) {
    // SAFETY: the host only reads the text, during the call.
    unsafe { host_log(level, line.as_ptr(), line.len()) }
}

pub(crate) fn counter_add(name: &str, value: u64) {
    // SAFETY: the host only reads the name, during the call.
    unsafe { host_counter_add(name.as_ptr(), name.len(), value) }
}
