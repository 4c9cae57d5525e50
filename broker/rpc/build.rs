//! Compiles the gRPC definitions. No protoc is needed: protox is a compiler in Rust.

use std::error::Error;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    let root = "proto";
    let protos = ["proto/klamm/admin/v1/server.proto", "proto/klamm/plugin/v1/plugins.proto"];
    println!("cargo:rerun-if-changed={root}");
    let descriptors = protox::Compiler::new([root])?
        .include_source_info(true)
        .include_imports(true)
        .open_files(protos)?
        .encode_file_descriptor_set();
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    // For reflection, so that grpcurl and its like need no proto files.
    std::fs::write(out.join("descriptors.bin"), descriptors)?;
    tonic_prost_build::configure().compile_fds(protox::compile(protos, [root])?)?;
    Ok(())
}
