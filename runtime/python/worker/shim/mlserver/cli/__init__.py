"""The command of MLServer, which some code imports and does not call."""
