"""Places requests for people's and things' time: who, where and when."""
