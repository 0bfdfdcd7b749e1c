"""mlserver.codecs.pandas, where some code imports from."""

from .._codecs import PandasCodec

__all__ = ["PandasCodec"]
