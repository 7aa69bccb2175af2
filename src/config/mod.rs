//! Flags and configuration file to settings.
