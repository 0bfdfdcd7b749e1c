"""The codecs of MLServer that stand in where MLServer is not installed; what is compared with is what it writes."""

from __future__ import annotations

import base64
import datetime
import importlib.util
import pathlib
import sys
import unittest

SHIM = str(pathlib.Path(__file__).parent.parent / "shim")


@unittest.skipIf(importlib.util.find_spec("mlserver"), "MLServer itself is here")
class Codecs(unittest.TestCase):
    def setUp(self):
        sys.path.insert(0, SHIM)
        from mlserver import codecs, types

        self.codecs, self.types = codecs, types

    def tearDown(self):
        sys.path.remove(SHIM)
        for name in [n for n in sys.modules if n.partition(".")[0] == "mlserver"]:
            del sys.modules[name]

    def input(self, content_type, *data):
        parameters = self.types.Parameters(content_type=content_type)
        return self.types.RequestInput(name="x", datatype="BYTES", shape=[len(data)], data=list(data), parameters=parameters)

    def test_base64(self):
        encoded = self.codecs.Base64Codec.encode_input("x", [b"hi", b"\xff"])
        self.assertEqual((encoded.data, encoded.shape, encoded.datatype), (["aGk=", "/w=="], [2, 1], "BYTES"))
        self.assertEqual(self.codecs.decode_request_input(encoded), [b"hi", b"\xff"])
        for kept in (b"not base64", b"a", "wörld".encode()):
            self.assertEqual(self.codecs.Base64Codec.decode_input(self.input("base64", kept)), [kept])
        self.assertEqual(self.codecs.Base64Codec.decode_input(self.input("base64", base64.b64encode(b"x").decode())), [b"x"])

    def test_datetime(self):
        noon = datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.timezone.utc)
        self.assertIs(self.codecs.codec_for([noon]), self.codecs.DatetimeCodec)
        encoded = self.codecs.DatetimeCodec.encode_input("x", [noon, datetime.datetime(2024, 1, 1)])
        self.assertEqual([bytes(v) for v in encoded.data], [b"2024-02-29T12:00:00+00:00", b"2024-01-01T00:00:00"])
        self.assertEqual(self.codecs.decode_request_input(encoded), [noon, datetime.datetime(2024, 1, 1)])
        self.assertEqual(self.codecs.decode_request_input(self.input("datetime", "2024-02-29T12:00:00Z")), [noon])
        with self.assertRaises(ValueError):
            self.codecs.decode_request_input(self.input("datetime", "yesterday"))

    @unittest.skipUnless(importlib.util.find_spec("numpy"), "needs numpy")
    def test_array(self):
        import numpy

        encoded = self.codecs.NumpyCodec.encode_input("x", numpy.array([1, 2, 3], dtype="int32"))
        self.assertEqual((encoded.shape, encoded.datatype), ([3, 1], "INT32"))
        self.assertEqual(self.codecs.decode_request_input(encoded).tolist(), [[1], [2], [3]])

    @unittest.skipUnless(importlib.util.find_spec("pandas"), "needs pandas")
    def test_frame(self):
        import pandas

        frame = pandas.DataFrame({"a": [1.0, 2.0], "j": [{"k": [1]}, {"k": [2]}]})
        request = self.codecs.PandasCodec.encode_request(frame)
        self.assertEqual([one.parameters.content_type for one in request.inputs][1], "pd_json")
        self.assertTrue(self.codecs.PandasCodec.decode_request(request).equals(frame))


if __name__ == "__main__":
    unittest.main()
