//! The world: arguments, standard streams, exit status.
