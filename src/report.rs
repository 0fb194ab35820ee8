//! One file per output. Uses everything, changes nothing.
