import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import inference.Inference.InferTensorContents;
import inference.Inference.ModelInferRequest;
import inference.Inference.ModelInferRequest.InferInputTensor;
import java.util.Random;

/** Requests of the model that answers what it is asked. */
final class Tensors {
  private Tensors() {}

  static byte[] random(int size) {
    byte[] b = new byte[size];
    new Random(size).nextBytes(b);
    return b;
  }

  static ModelInferRequest raw(String model, String id, byte[] elements) {
    InferInputTensor input = InferInputTensor.newBuilder().setName("x").setDatatype("UINT8").addShape(elements.length).build();
    ByteString bytes = UnsafeByteOperations.unsafeWrap(elements);
    return ModelInferRequest.newBuilder().setModelName(model).setId(id).addInputs(input).addRawInputContents(bytes).build();
  }

  static ModelInferRequest typed(String model, String datatype, int n, InferTensorContents.Builder contents) {
    InferInputTensor input = InferInputTensor.newBuilder().setName("x").setDatatype(datatype).addShape(n).setContents(contents).build();
    return ModelInferRequest.newBuilder().setModelName(model).addInputs(input).build();
  }

  static ModelInferRequest text(String model, String id, String text) {
    InferTensorContents.Builder contents = InferTensorContents.newBuilder().addBytesContents(ByteString.copyFromUtf8(text));
    return typed(model, "BYTES", 1, contents).toBuilder().setId(id).setInputs(0,
        InferInputTensor.newBuilder().setName("text_input").setDatatype("BYTES").addShape(1).setContents(contents)).build();
  }
}
