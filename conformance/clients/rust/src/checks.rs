//! What was asked for and what came, and the requests of the model that answers what it is
//! asked.

use crate::inference::model_infer_request::InferInputTensor;
use crate::inference::{InferTensorContents, ModelInferRequest, ModelInferResponse};
use bytes::Bytes;
use std::fmt::Debug;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tonic::transport::{Channel, Endpoint};

/// Larger than a connection's window, and than any buffer.
pub const LARGE: usize = 20 << 20;

static PASSED: AtomicUsize = AtomicUsize::new(0);

pub fn passed() -> usize {
    PASSED.load(Ordering::Relaxed)
}

/// The first that differs ends the program.
pub fn check<G: PartialEq<W> + Debug, W: Debug>(what: &str, got: G, want: W) {
    if got != want {
        let short = |s: String| s.chars().take(500).collect::<String>();
        eprintln!("rust: {what}: got {}, want {}", short(format!("{got:?}")), short(format!("{want:?}")));
        std::process::exit(1);
    }
    PASSED.fetch_add(1, Ordering::Relaxed);
}

#[derive(Clone, Copy)]
pub enum Settings {
    Default,
    Small,
    Large,
}

pub async fn channel(at: &str, settings: Settings) -> Channel {
    let endpoint = Endpoint::from_shared(format!("http://{at}")).unwrap();
    let endpoint = match settings {
        Settings::Default => endpoint,
        Settings::Small => endpoint.initial_stream_window_size(65_535).initial_connection_window_size(65_535),
        Settings::Large => endpoint.http2_adaptive_window(true).http2_keep_alive_interval(Duration::from_secs(11)),
    };
    endpoint.connect().await.unwrap()
}

/// Bytes that are the same for the same size, and repeat nowhere (xorshift).
pub fn noise(size: usize) -> Bytes {
    let mut x = size as u64 + 0x9e37_79b9_7f4a_7c15;
    (0..size)
        .map(|_| {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            x as u8
        })
        .collect()
}

pub fn raw(model: &str, id: &str, elements: &Bytes) -> ModelInferRequest {
    let input = InferInputTensor { name: "x".into(), datatype: "UINT8".into(), shape: vec![elements.len() as i64], ..Default::default() };
    ModelInferRequest {
        model_name: model.into(),
        id: id.into(),
        inputs: vec![input],
        raw_input_contents: vec![elements.clone()],
        ..Default::default()
    }
}

pub fn typed(model: &str, name: &str, datatype: &str, n: usize, contents: InferTensorContents) -> ModelInferRequest {
    let input = InferInputTensor {
        name: name.into(),
        datatype: datatype.into(),
        shape: vec![n as i64],
        contents: Some(contents),
        ..Default::default()
    };
    ModelInferRequest { model_name: model.into(), inputs: vec![input], ..Default::default() }
}

/// An answer has to have what was asked.
pub fn mirrored(what: &str, r: &ModelInferResponse, id: &str, elements: &Bytes) {
    check(&format!("{what}: id"), r.id.as_str(), id);
    check(&format!("{what}: shape"), &r.outputs[0].shape, &vec![elements.len() as i64]);
    check(what, &r.raw_output_contents, &vec![elements.clone()]);
}
