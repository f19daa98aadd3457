//! shipdeck
