//! Rust against a server of conformance/clients/languages/models: tonic and prost with the
//! project's proto, and reqwest. Tensors are compared byte by byte.
//!
//!     leat-clients 127.0.0.1:8080 127.0.0.1:8081

mod calls;
mod checks;
mod streams;
mod web;

#[allow(clippy::all)]
mod inference {
    tonic::include_proto!("inference");
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let args: Vec<String> = std::env::args().collect();
    web::everything(&format!("http://{}", args[1])).await;
    // HTTP/2 as hyper has it by default, with the smallest windows, and with frames of up
    // to 1 MiB and windows that grow by themselves.
    for settings in [checks::Settings::Default, checks::Settings::Small, checks::Settings::Large] {
        let channel = checks::channel(&args[2], settings).await;
        calls::everything(&channel).await;
        streams::everything(&channel).await;
    }
    println!("Rust, tonic and reqwest: {} checks passed", checks::passed());
}
