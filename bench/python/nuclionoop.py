"""A handler for nuclio's wrapper that does nothing: what is left is the wrapper's."""


def handler(context, event):
    return '{"outputs":[[5.1,3.5,1.4,0.2]]}'
