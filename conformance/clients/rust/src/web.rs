//! REST by reqwest: JSON, tensors as bytes, events.

use crate::checks::{check, noise, LARGE};
use bytes::Bytes;
use futures::future::join_all;
use reqwest::{Client, Response};
use serde_json::{json, Value};
use tokio_stream::StreamExt;

const LENGTH: &str = "inference-header-content-length";

pub async fn everything(base: &str) {
    let c = Client::new();
    about(&c, base).await;
    documents(&c, base).await;
    for size in [1, 70_000, LARGE] {
        tensors(&c, base, size).await;
    }
    words(&c, base).await;
}

async fn document(r: reqwest::Result<Response>) -> (u16, Value) {
    let r = r.unwrap();
    (r.status().as_u16(), r.json().await.unwrap())
}

async fn about(c: &Client, base: &str) {
    check("live", c.get(format!("{base}/v2/health/live")).send().await.unwrap().status(), 200);
    check("about", &document(c.get(format!("{base}/v2")).send().await).await.1["name"], "leat");
    let words = document(c.get(format!("{base}/v2/models/words")).send().await).await.1;
    check("metadata", &words["inputs"][0]["name"], "text_input");
}

fn request(id: &str) -> Value {
    json!({"id": id, "inputs": [{"name": "x", "datatype": "FP32", "shape": [2], "data": [0.5, -1]}]})
}

async fn documents(c: &Client, base: &str) {
    let url = format!("{base}/v2/models/mirror/infer");
    let (status, r) = document(c.post(&url).json(&request("é")).send().await).await;
    check("JSON", (status, &r["id"], &r["outputs"][0]["data"]), (200, &json!("é"), &json!([0.5, -1])));
    let (status, r) = document(c.post(format!("{base}/v2/models/nobody/infer")).json(&request("")).send().await).await;
    check("an unknown model", (status, r["error"].is_string()), (404, true));
    let (status, r) = document(c.post(&url).body("{").send().await).await;
    check("half a document", (status, r["error"].is_string()), (400, true));
    let many = (0..50).map(|i| c.post(&url).json(&request(&i.to_string())).send());
    for (i, r) in join_all(many).await.into_iter().enumerate() {
        check("fifty at a time", &document(r).await.1["id"], i.to_string().as_str());
    }
}

async fn tensors(c: &Client, base: &str, size: usize) {
    let elements = noise(size);
    let input = json!({"name": "x", "datatype": "UINT8", "shape": [size], "parameters": {"binary_data_size": size}});
    let head = json!({"parameters": {"binary_data_output": true}, "inputs": [input]}).to_string();
    let body = Bytes::from([head.as_bytes(), &elements].concat());
    let post = || c.post(format!("{base}/v2/models/bytes/infer")).header(LENGTH, head.len());
    mirrored(&format!("bytes {size}"), post().body(body.clone()).send().await.unwrap(), &elements).await;
    let chunks: Vec<std::io::Result<Bytes>> = body.chunks(10_007).map(|b| Ok(body.slice_ref(b))).collect();
    let chunked = reqwest::Body::wrap_stream(tokio_stream::iter(chunks));
    mirrored(&format!("bytes in chunks {size}"), post().body(chunked).send().await.unwrap(), &elements).await;
    let (status, r) = document(post().body(body.slice(..body.len() - 1)).send().await).await;
    check("bytes that are missing", (status, r["error"].is_string()), (400, true));
}

async fn mirrored(what: &str, r: Response, elements: &Bytes) {
    check(&format!("{what}: status"), r.status(), 200);
    let head: usize = r.headers()[LENGTH].to_str().unwrap().parse().unwrap();
    let got = r.bytes().await.unwrap();
    let document: Value = serde_json::from_slice(&got[..head]).unwrap();
    check(&format!("{what}: shape"), &document["outputs"][0]["shape"], &json!([elements.len()]));
    check(what, got.slice(head..), elements);
}

async fn words(c: &Client, base: &str) {
    let r = c.post(format!("{base}/v2/models/words/generate_stream")).json(&json!({"text_input": "so be it"})).send().await.unwrap();
    check("events: type", r.headers()["content-type"].to_str().unwrap().starts_with("text/event-stream"), true);
    let mut stream = r.bytes_stream();
    let mut text = vec![];
    while let Some(piece) = stream.next().await {
        text.extend_from_slice(&piece.unwrap());
    }
    let words: Vec<Value> = String::from_utf8(text)
        .unwrap()
        .split("\n\n")
        .filter_map(|event| event.strip_prefix("data: "))
        .map(|data| serde_json::from_str::<Value>(data).unwrap()["text_output"].clone())
        .collect();
    check("events", words, vec!["so", "be", "it"]);
}
