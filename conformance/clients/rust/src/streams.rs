//! ModelStreamInfer: many in flight, failures in between, cancellation and deadlines.

use crate::calls::client;
use crate::checks::{check, mirrored, noise, raw, typed};
use crate::inference::{InferTensorContents, ModelInferRequest, ModelStreamInferResponse};
use bytes::Bytes;
use std::time::Duration;
use tokio::sync::mpsc::Sender;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Code, Request, Streaming};

pub async fn everything(channel: &Channel) {
    in_order(channel).await;
    words(channel).await;
    ended(channel).await;
}

async fn all(mut answers: Streaming<ModelStreamInferResponse>) -> Vec<ModelStreamInferResponse> {
    let mut got = vec![];
    while let Some(r) = answers.message().await.unwrap() {
        got.push(r);
    }
    got
}

async fn in_order(channel: &Channel) {
    let sent: Vec<Bytes> = (0..80).map(|i| noise(if i % 10 == 0 { 1_500_000 + i } else { 300 * i + 1 })).collect();
    let name = |i| if i == 40 { "nobody" } else { "bytes" };
    let requests: Vec<_> = sent.iter().enumerate().map(|(i, e)| raw(name(i), &format!("s{i}"), e)).collect();
    let got = all(client(channel).model_stream_infer(tokio_stream::iter(requests)).await.unwrap().into_inner()).await;
    check("a stream's answers", got.len(), sent.len());
    for (i, r) in got.iter().enumerate() {
        check(&format!("in a stream, failed {i}"), !r.error_message.is_empty(), i == 40);
        let answer = r.infer_response.as_ref().unwrap();
        match i {
            40 => check("in a stream, id of what failed", answer.id.as_str(), "s40"),
            _ => mirrored(&format!("in a stream {i}"), answer, &format!("s{i}"), &sent[i]),
        }
    }
    let none = client(channel).model_stream_infer(tokio_stream::empty()).await.unwrap().into_inner();
    check("a stream without requests", all(none).await.len(), 0);
}

async fn words(channel: &Channel) {
    let contents = InferTensorContents { bytes_contents: vec![Bytes::from("so be it")], ..Default::default() };
    let ask = typed("words", "text_input", "BYTES", 1, contents);
    let got = all(client(channel).model_stream_infer(tokio_stream::once(ask)).await.unwrap().into_inner()).await;
    let words: Vec<Bytes> = got
        .into_iter()
        .map(|r| r.infer_response.unwrap().outputs.remove(0).contents.unwrap().bytes_contents.remove(0))
        .collect();
    check("words", words, vec!["so", "be", "it"]);
}

/// A stream that is not at its end before the sender is dropped.
async fn requests<const N: usize>(all: [ModelInferRequest; N]) -> (Sender<ModelInferRequest>, ReceiverStream<ModelInferRequest>) {
    let (send, receive) = tokio::sync::mpsc::channel(N);
    for r in all {
        send.send(r).await.unwrap();
    }
    (send, ReceiverStream::new(receive))
}

async fn ended(channel: &Channel) {
    let three = noise(3);
    let (send, asked) = requests([raw("bytes", "c", &three), raw("slow", "d", &three)]).await;
    let mut answers = client(channel).model_stream_infer(asked).await.unwrap().into_inner();
    mirrored("before the cancellation", &answers.message().await.unwrap().unwrap().infer_response.unwrap(), "c", &three);
    drop((answers, send)); // both: as long as there may be requests, hyper resets nothing

    let (_send, asked) = requests([raw("slow", "l", &three)]).await;
    let mut asked = Request::new(asked);
    asked.set_timeout(Duration::from_millis(500));
    let late = match client(channel).model_stream_infer(asked).await {
        Ok(answers) => answers.into_inner().message().await.unwrap_err(),
        Err(e) => e,
    };
    check(&format!("a stream's deadline: {late}"), [Code::DeadlineExceeded, Code::Cancelled].contains(&late.code()), true);
}
