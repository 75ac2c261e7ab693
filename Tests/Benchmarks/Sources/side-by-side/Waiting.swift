import Foundation

/// Waits until a descriptor has something to read or its other end is closed.
func waitUntilReadable(_ descriptor: Int32, deadline: ContinuousClock.Instant) throws {
    guard try becomesReadable(descriptor, deadline: deadline) else {
        throw Failure("nothing came in time")
    }
}

/// Waits until a descriptor has something to read or its other end is closed; whether that was so in time.
func becomesReadable(_ descriptor: Int32, deadline: ContinuousClock.Instant) throws -> Bool {
    var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    while true {
        let left = deadline - ContinuousClock.now
        guard left > .zero else {
            return false
        }
        let milliseconds = Int32(clamping: left.components.seconds * 1000 + 1)
        let count = poll(&request, 1, min(milliseconds, 1000))
        if count > 0 {
            return true
        }
        guard count == 0 || errno == EINTR else {
            throw Failure.system("poll")
        }
    }
}

/// Waits until whoever listens at `path` sends a greeting, which a proxy can only do once the monitor sent its own.
func waitForGreeting(at path: String, from process: ChildProcess, name: String) throws {
    let deadline = ContinuousClock.now + .seconds(10)
    while ContinuousClock.now < deadline {
        if try receivesGreeting(at: path, deadline: deadline) {
            return
        }
        guard process.isRunning else {
            throw Failure("\(name) ended: \(process.complaint ?? "it did not say why")")
        }
        usleep(5_000)
    }
    throw Failure("\(name) sent no greeting within 10 s\(process.complaint.map { ": " + $0 } ?? "")")
}

private func receivesGreeting(at path: String, deadline: ContinuousClock.Instant) throws -> Bool {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else {
        throw Failure.system("socket")
    }
    defer { close(descriptor) }

    guard withSocketAddress(path, { connect(descriptor, $0, $1) }) == 0 else {
        return false
    }
    var received: [UInt8] = []
    while !received.contains(UInt8(ascii: "\n")) {
        try waitUntilReadable(descriptor, deadline: deadline)
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = read(descriptor, &buffer, buffer.count)
        if count <= 0 {
            return false
        }
        received += buffer[..<count]
    }
    return true
}

/// Calls the kernel with the address of a socket in the file system, whose path ``TrialPaths`` has checked.
func withSocketAddress<Result>(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    return withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
            body(pointer, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
    }
}
