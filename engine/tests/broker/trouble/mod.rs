//! What cannot work says so in one line, with another status than 0, and changes nothing. A full disk is
//! no reason to stop.

mod full_disk;
mod refused;
