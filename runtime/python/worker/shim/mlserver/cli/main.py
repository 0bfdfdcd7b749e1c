"""mlserver.cli.main: the command is not here."""


def main() -> None:
    raise NotImplementedError("the command of MLServer is not here: the model is served already")
