internal import Glibc

/// Raises the number of descriptors this process may have to what the system allows it (setrlimit(2), RLIMIT_NOFILE).
///
/// - Returns: how many that are; the highest number is one less.
/// - Throws: ``SystemError`` when the kernel refuses; the limit is then as it was.
public func raiseDescriptorLimit() throws(SystemError) -> Int {
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    guard getrlimit(resource, &limit) == 0 else { throw .last("getrlimit", "RLIMIT_NOFILE") }
    if limit.rlim_cur < limit.rlim_max {
        limit.rlim_cur = limit.rlim_max
        guard setrlimit(resource, &limit) == 0 else { throw .last("setrlimit", "RLIMIT_NOFILE") }
    }
    return Int(clamping: limit.rlim_cur)
}
