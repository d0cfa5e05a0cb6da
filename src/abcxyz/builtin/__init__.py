"""File sources and sinks, as plugins like any other."""
