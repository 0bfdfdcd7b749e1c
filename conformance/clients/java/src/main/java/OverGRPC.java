import com.google.protobuf.ByteString;
import inference.GRPCInferenceServiceGrpc;
import inference.GRPCInferenceServiceGrpc.GRPCInferenceServiceBlockingStub;
import inference.GRPCInferenceServiceGrpc.GRPCInferenceServiceFutureStub;
import inference.GRPCInferenceServiceGrpc.GRPCInferenceServiceStub;
import inference.Inference.*;
import io.grpc.*;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.util.*;
import java.util.concurrent.*;
import java.util.stream.IntStream;

/** grpc-java with the project's proto. */
final class OverGRPC implements AutoCloseable {
  private static final int LARGE = 20 << 20;

  private final ManagedChannel channel;
  private final GRPCInferenceServiceBlockingStub server;

  OverGRPC(String at, int window) {
    NettyChannelBuilder b = NettyChannelBuilder.forTarget(at).usePlaintext().maxInboundMessageSize(64 << 20);
    channel = (window == 0 ? b : b.flowControlWindow(window)).build();
    server = GRPCInferenceServiceGrpc.newBlockingStub(channel);
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }

  void everything() throws Exception {
    about();
    repository();
    contents();
    raw();
    together();
    compressed();
    failures();
    streams();
    streamsThatEnd();
    services();
  }

  private void about() {
    Checks.check("live", server.serverLive(ServerLiveRequest.getDefaultInstance()).getLive(), true);
    Checks.check("ready", server.serverReady(ServerReadyRequest.getDefaultInstance()).getReady(), true);
    Checks.check("model ready", server.modelReady(ModelReadyRequest.newBuilder().setName("mirror").build()).getReady(), true);
    Checks.check("nobody is ready", server.modelReady(ModelReadyRequest.newBuilder().setName("nobody").build()).getReady(), false);
    ServerMetadataResponse about = server.serverMetadata(ServerMetadataRequest.getDefaultInstance());
    Checks.check("about", List.of(about.getName(), about.getExtensionsList().contains("binary_tensor_data")), List.of("leat", true));
    ModelMetadataResponse words = server.modelMetadata(ModelMetadataRequest.newBuilder().setName("words").build());
    Checks.check("metadata", List.of(words.getInputs(0).getName(), words.getInputs(0).getDatatype()), List.of("text_input", "BYTES"));
  }

  private String state(String model) {
    return server.repositoryIndex(RepositoryIndexRequest.getDefaultInstance()).getModelsList().stream()
        .filter(m -> m.getName().equals(model)).findFirst().orElseThrow().getState();
  }

  private void repository() {
    Checks.check("index", state("slow"), "READY");
    server.repositoryModelUnload(RepositoryModelUnloadRequest.newBuilder().setModelName("slow").build());
    Checks.check("unloaded", state("slow"), "UNAVAILABLE");
    Checks.check("a model that is unloaded", status(() -> server.modelInfer(Tensors.raw("slow", "", new byte[1]))).getCode(), Status.Code.UNAVAILABLE);
    server.repositoryModelLoad(RepositoryModelLoadRequest.newBuilder().setModelName("slow").build());
    Checks.check("loaded", state("slow"), "READY");
  }

  private void contents() {
    typed("BOOL", 2, InferTensorContents.newBuilder().addBoolContents(true).addBoolContents(false));
    typed("INT8", 2, InferTensorContents.newBuilder().addIntContents(-128).addIntContents(127));
    typed("INT64", 2, InferTensorContents.newBuilder().addInt64Contents(Long.MIN_VALUE).addInt64Contents(Long.MAX_VALUE));
    typed("UINT32", 1, InferTensorContents.newBuilder().addUintContents(-1));
    typed("UINT64", 1, InferTensorContents.newBuilder().addUint64Contents(-1));
    typed("FP32", 3, InferTensorContents.newBuilder().addFp32Contents(0.1f).addFp32Contents(-0f).addFp32Contents(Float.NaN));
    typed("FP64", 2, InferTensorContents.newBuilder().addFp64Contents(Double.MIN_VALUE).addFp64Contents(Double.NEGATIVE_INFINITY));
    typed("BYTES", 3, InferTensorContents.newBuilder().addBytesContents(ByteString.copyFrom(new byte[] {0, -1})).addBytesContents(ByteString.EMPTY).addBytesContents(ByteString.copyFromUtf8("é")));
  }

  private void typed(String datatype, int n, InferTensorContents.Builder contents) {
    ModelInferResponse r = server.modelInfer(Tensors.typed("mirror", datatype, n, contents));
    Checks.check("contents " + datatype, r.getOutputs(0).getContents(), contents.build());
    Checks.check("no raw contents " + datatype, r.getRawOutputContentsCount(), 0);
  }

  private static void mirrored(String what, ModelInferResponse r, String id, byte[] elements) {
    Checks.check(what + ": id", r.getId(), id);
    Checks.check(what + ": shape", r.getOutputs(0).getShapeList(), List.of((long) elements.length));
    Checks.check(what, r.getRawOutputContents(0).toByteArray(), elements);
  }

  // raw asks with sizes around those of frames, windows and buffers.
  private void raw() {
    for (int size : new int[] {1, 9, 4095, 16384 - 60, 16384, 16385, 32768, 65535, 65536, 100_000, 1 << 20, LARGE}) {
      byte[] elements = Tensors.random(size);
      mirrored("raw " + size, server.modelInfer(Tensors.raw("bytes", "r", elements)), "r", elements);
    }
  }

  // together has many calls of all sizes on one connection, so that their frames lie between each other's.
  private void together() throws Exception {
    GRPCInferenceServiceFutureStub futures = GRPCInferenceServiceGrpc.newFutureStub(channel);
    List<byte[]> all = IntStream.range(0, 60).mapToObj(i -> Tensors.random(i % 4 == 0 ? 3_000_000 + i : 7 * i * i + 1)).toList();
    List<Future<ModelInferResponse>> answers = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) answers.add(futures.modelInfer(Tensors.raw("bytes", "t" + i, all.get(i))));
    for (int i = 0; i < all.size(); i++) mirrored("together " + i, answers.get(i).get(), "t" + i, all.get(i));
  }

  private void compressed() {
    byte[] zeros = new byte[5 << 20];
    mirrored("gzip, zeros", server.withCompression("gzip").modelInfer(Tensors.raw("bytes", "z", zeros)), "z", zeros);
    byte[] noise = Tensors.random(LARGE);
    mirrored("gzip, noise", server.withCompression("gzip").modelInfer(Tensors.raw("bytes", "n", noise)), "n", noise);
    byte[] bomb = new byte[80 << 20];
    Checks.check("decompressed too large", status(() -> server.withCompression("gzip").modelInfer(Tensors.raw("bytes", "b", bomb))).getCode(), Status.Code.RESOURCE_EXHAUSTED);
  }

  private static Status status(Callable<?> call) {
    try {
      call.call();
      return Status.OK;
    } catch (Exception e) {
      return Status.fromThrowable(e);
    }
  }

  private void failure(String what, Callable<?> call, Status.Code code, String says) {
    Status s = status(call);
    Checks.check(what, s.getCode(), code);
    if (!String.valueOf(s.getDescription()).contains(says)) Checks.check(what, s.getDescription(), says);
  }

  private void failures() {
    byte[] four = new byte[4];
    failure("an unknown model", () -> server.modelInfer(Tensors.raw("nobody", "", four)), Status.Code.NOT_FOUND, "nobody");
    ModelInferRequest wrong = Tensors.raw("bytes", "", four).toBuilder().setInputs(0,
        ModelInferRequest.InferInputTensor.newBuilder().setName("x").setDatatype("FP32").addShape(2)).build();
    failure("bytes that are missing", () -> server.modelInfer(wrong), Status.Code.INVALID_ARGUMENT, "x");
    failure("too large", () -> server.modelInfer(Tensors.raw("bytes", "", new byte[70 << 20])), Status.Code.RESOURCE_EXHAUSTED, "larger");
    failure("a deadline", () -> server.withDeadlineAfter(300, TimeUnit.MILLISECONDS).modelInfer(Tensors.raw("slow", "", four)), Status.Code.DEADLINE_EXCEEDED, "");
    MethodDescriptor<ServerLiveRequest, ServerLiveResponse> none = GRPCInferenceServiceGrpc.getServerLiveMethod().toBuilder().setFullMethodName("inference.GRPCInferenceService/Nothing").build();
    failure("an unknown method", () -> io.grpc.stub.ClientCalls.blockingUnaryCall(channel, none, CallOptions.DEFAULT, ServerLiveRequest.getDefaultInstance()), Status.Code.UNIMPLEMENTED, "Nothing");

    Metadata sent = new Metadata();
    Metadata.Key<String> key = Metadata.Key.of("x-request-id", Metadata.ASCII_STRING_MARSHALLER);
    sent.put(key, "java-7");
    try {
      server.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(sent)).modelInfer(Tensors.raw("nobody", "", four));
    } catch (StatusRuntimeException e) {
      Checks.check("the trailer", e.getTrailers().get(key), "java-7");
    }
  }

  /** What came by a stream, until its end. */
  private static final class Answers implements ClientResponseObserver<ModelInferRequest, ModelStreamInferResponse> {
    final BlockingQueue<ModelStreamInferResponse> all = new LinkedBlockingQueue<>();
    final CompletableFuture<Status> end = new CompletableFuture<>();
    ClientCallStreamObserver<ModelInferRequest> call;

    @Override
    public void beforeStart(ClientCallStreamObserver<ModelInferRequest> c) {
      call = c;
    }

    @Override
    public void onNext(ModelStreamInferResponse r) {
      all.add(r);
    }

    @Override
    public void onError(Throwable t) {
      end.complete(Status.fromThrowable(t));
    }

    @Override
    public void onCompleted() {
      end.complete(Status.OK);
    }
  }

  private GRPCInferenceServiceStub streaming() {
    return GRPCInferenceServiceGrpc.newStub(channel);
  }

  private void streams() throws Exception {
    Answers got = new Answers();
    StreamObserver<ModelInferRequest> stream = streaming().modelStreamInfer(got);
    List<byte[]> sent = IntStream.range(0, 80).mapToObj(i -> Tensors.random(i % 10 == 0 ? 1_500_000 + i : 300 * i + 1)).toList();
    for (int i = 0; i < sent.size(); i++) stream.onNext(Tensors.raw(i == 40 ? "nobody" : "bytes", "s" + i, sent.get(i)));
    stream.onCompleted();
    Checks.check("a stream's end", got.end.get(2, TimeUnit.MINUTES).getCode(), Status.Code.OK);
    Checks.check("a stream's answers", got.all.size(), sent.size());
    for (int i = 0; i < sent.size(); i++) {
      ModelStreamInferResponse r = got.all.take();
      Checks.check("in a stream, failed " + i, !r.getErrorMessage().isEmpty(), i == 40);
      if (i == 40) Checks.check("in a stream, id of what failed", r.getInferResponse().getId(), "s40");
      else mirrored("in a stream " + i, r.getInferResponse(), "s" + i, sent.get(i));
    }

    Answers words = new Answers();
    stream = streaming().modelStreamInfer(words);
    stream.onNext(Tensors.text("words", "w", "so be it"));
    stream.onCompleted();
    Checks.check("words: end", words.end.get(1, TimeUnit.MINUTES).getCode(), Status.Code.OK);
    Checks.check("words", words.all.stream().map(r -> r.getInferResponse().getOutputs(0).getContents().getBytesContents(0).toStringUtf8()).toList(), List.of("so", "be", "it"));
  }

  private void streamsThatEnd() throws Exception {
    Answers cancelled = new Answers();
    StreamObserver<ModelInferRequest> stream = streaming().modelStreamInfer(cancelled);
    stream.onNext(Tensors.raw("bytes", "c", new byte[3]));
    mirrored("before the cancellation", cancelled.all.poll(1, TimeUnit.MINUTES).getInferResponse(), "c", new byte[3]);
    stream.onNext(Tensors.raw("slow", "d", new byte[3]));
    cancelled.call.cancel("enough", null);
    Checks.check("a stream that is cancelled", cancelled.end.get(1, TimeUnit.MINUTES).getCode(), Status.Code.CANCELLED);

    Answers late = new Answers();
    stream = streaming().withDeadlineAfter(500, TimeUnit.MILLISECONDS).modelStreamInfer(late);
    stream.onNext(Tensors.raw("slow", "l", new byte[3]));
    Checks.check("a stream's deadline", late.end.get(1, TimeUnit.MINUTES).getCode(), Status.Code.DEADLINE_EXCEEDED);

    Answers empty = new Answers();
    streaming().modelStreamInfer(empty).onCompleted();
    Checks.check("a stream without requests", List.of(empty.end.get(1, TimeUnit.MINUTES).getCode(), empty.all.size()), List.of(Status.Code.OK, 0));
    Checks.check("afterwards", state("mirror"), "READY");
  }

  private void services() throws Exception {
    Checks.check("health", HealthGrpc.newBlockingStub(channel).check(HealthCheckRequest.getDefaultInstance()).getStatus().name(), "SERVING");
    failure("health of nobody", () -> HealthGrpc.newBlockingStub(channel).check(HealthCheckRequest.newBuilder().setService("nobody").build()), Status.Code.NOT_FOUND, "");
    Iterator<io.grpc.health.v1.HealthCheckResponse> watch = HealthGrpc.newBlockingStub(channel).watch(HealthCheckRequest.getDefaultInstance());
    Checks.check("health, watched", watch.next().getStatus().name(), "SERVING");

    CompletableFuture<Set<String>> names = new CompletableFuture<>();
    StreamObserver<ServerReflectionRequest> ask = ServerReflectionGrpc.newStub(channel).serverReflectionInfo(new StreamObserver<ServerReflectionResponse>() {
      @Override
      public void onNext(ServerReflectionResponse r) {
        Set<String> all = new TreeSet<>();
        r.getListServicesResponse().getServiceList().forEach(s -> all.add(s.getName()));
        names.complete(all);
      }

      @Override
      public void onError(Throwable t) {
        names.completeExceptionally(t);
      }

      @Override
      public void onCompleted() {}
    });
    ask.onNext(ServerReflectionRequest.newBuilder().setListServices("").build());
    Checks.check("reflection", names.get(1, TimeUnit.MINUTES).containsAll(List.of("inference.GRPCInferenceService", "grpc.health.v1.Health")), true);
    ask.onCompleted();
  }
}
