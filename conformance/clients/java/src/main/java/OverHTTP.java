import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpClient.Version;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;

/** The JDK's client. With HTTP_2, its default, every request asks for an upgrade, which is not granted. */
final class OverHTTP {
  private final HttpClient client;
  private final String base;
  private final String name;

  OverHTTP(String web, Version version) {
    client = HttpClient.newBuilder().version(version).build();
    base = "http://" + web;
    name = version + ": ";
  }

  private HttpRequest.Builder to(String path) {
    return HttpRequest.newBuilder(URI.create(base + path));
  }

  private HttpResponse<byte[]> get(String path) throws Exception {
    HttpResponse<byte[]> r = client.send(to(path).build(), BodyHandlers.ofByteArray());
    Checks.check(name + path + ": version", r.version(), Version.HTTP_1_1);
    return r;
  }

  private HttpResponse<byte[]> post(String path, BodyPublisher body, String... headers) throws Exception {
    HttpRequest.Builder b = to(path).POST(body);
    return client.send((headers.length == 0 ? b : b.headers(headers)).build(), BodyHandlers.ofByteArray());
  }

  private static JsonObject document(HttpResponse<byte[]> r) {
    return JsonParser.parseString(new String(r.body(), StandardCharsets.UTF_8)).getAsJsonObject();
  }

  private static String json(String id) {
    return "{\"id\":\"%s\",\"inputs\":[{\"name\":\"x\",\"datatype\":\"FP32\",\"shape\":[2],\"data\":[0.5,-1]}]}".formatted(id);
  }

  void everything() throws Exception {
    Checks.check(name + "live", get("/v2/health/live").statusCode(), 200);
    Checks.check(name + "about", document(get("/v2")).get("name").getAsString(), "leat");
    Checks.check(name + "metadata", document(get("/v2/models/words")).getAsJsonArray("inputs").get(0).getAsJsonObject().get("name").getAsString(), "text_input");
    HttpResponse<byte[]> r = post("/v2/models/mirror/infer", BodyPublishers.ofString(json("é")));
    Checks.check(name + "JSON", List.of(r.statusCode(), document(r).get("id").getAsString(), data(document(r))), List.of(200, "é", "[0.5,-1]"));
    r = post("/v2/models/nobody/infer", BodyPublishers.ofString(json("")));
    Checks.check(name + "an unknown model", List.of(r.statusCode(), document(r).has("error")), List.of(404, true));
    r = post("/v2/models/mirror/infer", BodyPublishers.ofString("{"));
    Checks.check(name + "half a document", List.of(r.statusCode(), document(r).has("error")), List.of(400, true));
    for (int size : new int[] {1, 70_000, 20 << 20}) bytes(size);
    together();
    words();
  }

  private static String data(JsonObject document) {
    return document.getAsJsonArray("outputs").get(0).getAsJsonObject().get("data").toString();
  }

  // bytes sends a tensor behind the document, with and without its length, and compressed.
  private void bytes(int size) throws Exception {
    byte[] elements = Tensors.random(size);
    byte[] head = ("{\"parameters\":{\"binary_data_output\":true},\"inputs\":[{\"name\":\"x\",\"datatype\":\"UINT8\",\"shape\":[%d],"
        + "\"parameters\":{\"binary_data_size\":%d}}]}").formatted(size, size).getBytes(StandardCharsets.UTF_8);
    byte[] body = Arrays.copyOf(head, head.length + size);
    System.arraycopy(elements, 0, body, head.length, size);
    String[] length = {"Inference-Header-Content-Length", String.valueOf(head.length)};
    mirrored("bytes " + size, post("/v2/models/bytes/infer", BodyPublishers.ofByteArray(body), length), elements);
    mirrored("bytes in chunks " + size, post("/v2/models/bytes/infer", BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(body)), length), elements);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(body);
    }
    mirrored("compressed bytes " + size, post("/v2/models/bytes/infer", BodyPublishers.ofByteArray(out.toByteArray()), length[0], length[1], "Content-Encoding", "gzip"), elements);
    HttpResponse<byte[]> r = post("/v2/models/bytes/infer", BodyPublishers.ofByteArray(body, 0, body.length - 1), length);
    Checks.check(name + "bytes that are missing", List.of(r.statusCode(), document(r).has("error")), List.of(400, true));
  }

  private void mirrored(String what, HttpResponse<byte[]> r, byte[] elements) {
    Checks.check(name + what + ": status", r.statusCode(), 200);
    int head = Integer.parseInt(r.headers().firstValue("inference-header-content-length").orElse("0"));
    JsonArray outputs = JsonParser.parseString(new String(r.body(), 0, head, StandardCharsets.UTF_8)).getAsJsonObject().getAsJsonArray("outputs");
    Checks.check(name + what + ": shape", outputs.get(0).getAsJsonObject().get("shape").toString(), "[" + elements.length + "]");
    Checks.check(name + what, Arrays.copyOfRange(r.body(), head, r.body().length), elements);
  }

  private void together() {
    List<CompletableFuture<HttpResponse<byte[]>>> all = IntStream.range(0, 50)
        .mapToObj(i -> client.sendAsync(to("/v2/models/mirror/infer").POST(BodyPublishers.ofString(json(String.valueOf(i)))).build(), BodyHandlers.ofByteArray())).toList();
    for (int i = 0; i < all.size(); i++) Checks.check(name + "fifty at a time", document(all.get(i).join()).get("id").getAsString(), String.valueOf(i));
  }

  private void words() throws Exception {
    HttpRequest ask = to("/v2/models/words/generate_stream").POST(BodyPublishers.ofString("{\"text_input\":\"so be it\"}")).build();
    HttpResponse<Stream<String>> r = client.send(ask, BodyHandlers.ofLines());
    Checks.check(name + "events: type", r.headers().firstValue("content-type").orElse("").split(";")[0], "text/event-stream");
    List<String> got = r.body().filter(l -> l.startsWith("data: ")).map(l -> JsonParser.parseString(l.substring(6)).getAsJsonObject().get("text_output").getAsString()).toList();
    Checks.check(name + "events", got, List.of("so", "be", "it"));
  }
}
