//! Generates code from the project's proto, without protoc.
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let protos = std::env::var("PROTOS").unwrap_or("../../../proto".into());
    println!("cargo:rerun-if-env-changed=PROTOS");
    println!("cargo:rerun-if-changed={protos}");
    let files = protox::compile(["inference/inference.proto"], [protos])?;
    tonic_prost_build::configure().build_server(false).bytes(".").compile_fds(files)?;
    Ok(())
}
