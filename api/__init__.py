"""The service round the library: bookings over HTTP that cannot collide."""
