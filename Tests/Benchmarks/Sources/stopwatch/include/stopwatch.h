// Preloaded into a process (LD_PRELOAD), takes the time from the read of COLO_EXIT to the next write to a socket.
