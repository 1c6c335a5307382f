"""The containers that are read. None of them opens another file by itself; playlists and graphs are not among them."""

CONTAINERS = (
    # video and general
    *("asf", "avi", "dv", "flv", "gxf", "ivr", "live_flv", "matroska", "webm", "mpeg", "mpegts", "mpegvideo", "mxf"),
    *("mov", "mp4", "m4a", "3gp", "3g2", "mj2", "nsv", "nut", "ogg", "pva", "rm", "swf", "wtv"),
    # sound
    *("aa", "aac", "aax", "ac3", "ac4", "act", "aea", "aiff", "amr", "amrnb", "amrwb", "ape", "apc", "ast", "au"),
    *("avr", "caf", "codec2", "daud", "dsf", "dss", "dts", "dtshd", "eac3", "epaf", "flac", "g722", "g723_1", "g729"),
    *("gsm", "iff", "ilbc", "ircam", "lc3", "loas", "mlp", "mmf", "mp3", "mpc", "mpc8", "nistsphere", "oma", "osq"),
    *("paf", "pvf", "qcp", "rso", "sbc", "sds", "shn", "sln", "sol", "sox", "spdif", "svs", "tak", "truehd", "tta"),
    *("voc", "vqf", "w64", "wav", "wsd", "wv", "wve", "xa", "xwma"),
)
"""ffmpeg's names of demuxers."""
