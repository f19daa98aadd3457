//! Layers of a dependency graph.
