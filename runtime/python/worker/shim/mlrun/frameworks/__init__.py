"""mlrun.frameworks: model servers for what frameworks save."""
