//! Calls of one request and one answer, and the services beside the protocol's.

use crate::checks::{check, mirrored, noise, raw, typed, LARGE};
use crate::inference::grpc_inference_service_client::GrpcInferenceServiceClient;
use crate::inference::*;
use bytes::Bytes;
use futures::future::join_all;
use std::time::Duration;
use tonic::codec::CompressionEncoding::Gzip;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

type Client = GrpcInferenceServiceClient<Channel>;

pub fn client(channel: &Channel) -> Client {
    Client::new(channel.clone()).max_decoding_message_size(64 << 20)
}

pub async fn everything(channel: &Channel) {
    let mut c = client(channel);
    about(&mut c).await;
    repository(&mut c).await;
    contents(&mut c).await;
    tensors(&mut c).await;
    together(&c).await;
    compressed(channel).await;
    failures(&mut c).await;
    services(channel).await;
}

async fn about(c: &mut Client) {
    check("live", c.server_live(ServerLiveRequest {}).await.unwrap().into_inner().live, true);
    check("ready", c.server_ready(ServerReadyRequest {}).await.unwrap().into_inner().ready, true);
    for (name, ready) in [("mirror", true), ("nobody", false)] {
        let asked = ModelReadyRequest { name: name.into(), ..Default::default() };
        check(&format!("{name} is ready"), c.model_ready(asked).await.unwrap().into_inner().ready, ready);
    }
    check("about", c.server_metadata(ServerMetadataRequest {}).await.unwrap().into_inner().name, "leat");
    let words = ModelMetadataRequest { name: "words".into(), ..Default::default() };
    let words = c.model_metadata(words).await.unwrap().into_inner();
    check("metadata", (words.inputs[0].name.as_str(), words.inputs[0].datatype.as_str()), ("text_input", "BYTES"));
}

async fn state(c: &mut Client, name: &str) -> String {
    let index = c.repository_index(RepositoryIndexRequest::default()).await.unwrap().into_inner();
    index.models.into_iter().find(|m| m.name == name).unwrap().state
}

async fn repository(c: &mut Client) {
    check("index", state(c, "slow").await, "READY");
    let slow = RepositoryModelUnloadRequest { model_name: "slow".into(), ..Default::default() };
    c.repository_model_unload(slow).await.unwrap();
    check("unloaded", state(c, "slow").await, "UNAVAILABLE");
    let refused = c.model_infer(raw("slow", "", &noise(1))).await.unwrap_err();
    check("a model that is unloaded", refused.code(), Code::Unavailable);
    let slow = RepositoryModelLoadRequest { model_name: "slow".into(), ..Default::default() };
    c.repository_model_load(slow).await.unwrap();
    check("loaded", state(c, "slow").await, "READY");
}

async fn contents(c: &mut Client) {
    let d = InferTensorContents::default;
    let texts = vec![Bytes::from_static(&[0, 255]), Bytes::new(), Bytes::from("é")];
    for (datatype, n, contents) in [
        ("BOOL", 2, InferTensorContents { bool_contents: vec![true, false], ..d() }),
        ("INT8", 2, InferTensorContents { int_contents: vec![-128, 127], ..d() }),
        ("INT64", 2, InferTensorContents { int64_contents: vec![i64::MIN, i64::MAX], ..d() }),
        ("UINT32", 1, InferTensorContents { uint_contents: vec![u32::MAX], ..d() }),
        ("UINT64", 1, InferTensorContents { uint64_contents: vec![u64::MAX], ..d() }),
        ("FP32", 2, InferTensorContents { fp32_contents: vec![0.1, f32::MIN_POSITIVE], ..d() }),
        ("FP64", 2, InferTensorContents { fp64_contents: vec![0.1, f64::NEG_INFINITY], ..d() }),
        ("BYTES", 3, InferTensorContents { bytes_contents: texts, ..d() }),
    ] {
        let r = c.model_infer(typed("mirror", "x", datatype, n, contents.clone())).await.unwrap().into_inner();
        check(&format!("contents {datatype}"), &r.outputs[0].contents, &Some(contents));
        check(&format!("no raw contents {datatype}"), r.raw_output_contents.len(), 0);
    }
}

/// Sizes around those of frames, windows and buffers.
async fn tensors(c: &mut Client) {
    for size in [1, 9, 4095, 16_384 - 60, 16_384, 16_385, 32_768, 65_535, 65_536, 100_000, 1 << 20, LARGE] {
        let elements = noise(size);
        let r = c.model_infer(raw("bytes", "r", &elements)).await.unwrap().into_inner();
        mirrored(&format!("raw {size}"), &r, "r", &elements);
    }
}

/// Many calls of all sizes on one connection, so that their frames lie between each other's.
async fn together(c: &Client) {
    let calls = (0..60).map(|i| {
        let mut c = c.clone();
        async move {
            let elements = noise(if i % 4 == 0 { 3_000_000 + i } else { 7 * i * i + 1 });
            let id = format!("t{i}");
            let r = c.model_infer(raw("bytes", &id, &elements)).await.unwrap().into_inner();
            mirrored(&format!("together {i}"), &r, &id, &elements);
        }
    });
    join_all(calls).await;
}

async fn compressed(channel: &Channel) {
    let mut c = client(channel).send_compressed(Gzip).accept_compressed(Gzip);
    for (what, elements) in [("gzip, zeros", Bytes::from(vec![0; 5 << 20])), ("gzip, noise", noise(LARGE))] {
        let r = c.model_infer(raw("bytes", "z", &elements)).await.unwrap();
        check(&format!("{what}: coding"), r.metadata().get("grpc-encoding").map(|v| v.as_bytes()), Some(&b"gzip"[..]));
        mirrored(what, r.get_ref(), "z", &elements);
    }
    let bomb = c.model_infer(raw("bytes", "b", &Bytes::from(vec![0; 80 << 20]))).await.unwrap_err();
    check("decompressed too large", bomb.code(), Code::ResourceExhausted);
}

fn failure(what: &str, got: Status, code: Code, says: &str) {
    check(what, got.code(), code);
    check(&format!("{what}: {:?} says {says}", got.message()), got.message().contains(says), true);
}

async fn failures(c: &mut Client) {
    let four = noise(4);
    let mut asked = Request::new(raw("nobody", "", &four));
    asked.metadata_mut().insert("x-request-id", "rust-7".parse().unwrap());
    let failed = c.model_infer(asked).await.unwrap_err();
    check("the trailer", failed.metadata().get("x-request-id").map(|v| v.as_bytes()), Some(&b"rust-7"[..]));
    failure("an unknown model", failed, Code::NotFound, "nobody");

    let mut wrong = raw("bytes", "", &four);
    wrong.inputs[0].shape = vec![5];
    failure("bytes that are missing", c.model_infer(wrong).await.unwrap_err(), Code::InvalidArgument, "x");
    let large = Bytes::from(vec![0; 70 << 20]);
    failure("too large", c.model_infer(raw("bytes", "", &large)).await.unwrap_err(), Code::ResourceExhausted, "larger");

    let mut late = Request::new(raw("slow", "", &four));
    late.set_timeout(Duration::from_millis(300));
    let late = c.model_infer(late).await.unwrap_err();
    check(&format!("a deadline: {late}"), [Code::DeadlineExceeded, Code::Cancelled].contains(&late.code()), true);
    let unread = tokio::time::timeout(Duration::from_millis(300), c.model_infer(raw("slow", "", &four))).await;
    check("a call that is given up", unread.is_err(), true);
    check("afterwards", state(c, "mirror").await, "READY");
}

async fn services(channel: &Channel) {
    use tonic_health::pb::{health_client::HealthClient, HealthCheckRequest};
    let mut health = HealthClient::new(channel.clone());
    let all = || HealthCheckRequest { service: "".into() };
    check("health", health.check(all()).await.unwrap().into_inner().status, 1);
    let mut watch = health.watch(all()).await.unwrap().into_inner();
    check("health, watched", watch.message().await.unwrap().unwrap().status, 1);
    let nobody = health.check(HealthCheckRequest { service: "nobody".into() }).await.unwrap_err();
    check("health of nobody", nobody.code(), Code::NotFound);

    use tonic_reflection::pb::v1::server_reflection_request::MessageRequest::ListServices;
    use tonic_reflection::pb::v1::server_reflection_response::MessageResponse::ListServicesResponse;
    use tonic_reflection::pb::v1::{server_reflection_client::ServerReflectionClient, ServerReflectionRequest};
    let ask = ServerReflectionRequest { host: "".into(), message_request: Some(ListServices("".into())) };
    let mut answers = ServerReflectionClient::new(channel.clone()).server_reflection_info(tokio_stream::once(ask)).await.unwrap().into_inner();
    let Some(ListServicesResponse(list)) = answers.message().await.unwrap().unwrap().message_response else {
        panic!("reflection lists no services");
    };
    check("reflection", list.service.iter().any(|s| s.name == "inference.GRPCInferenceService"), true);
}
