import CSupport
import Foundation

/// A client that says exactly what a test tells it to, and waits for what comes with a limit.
final class RawClient {
    let descriptor: Int32
    /// Whether what it reads has `pretty=on`: a message then has many lines.
    var isPretty = false
    let name: String
    /// Whether it speaks with QEMU itself.
    var isDirect = false
    private var received: [UInt8] = []
    private var start = 0
    private var buffer = [UInt8](repeating: 0, count: 1 << 16)
    private var isAtEnd = false

    init(_ address: SocketAddress, name: String = "client") throws {
        self.name = name
        descriptor = try address.connected()
    }

    deinit {
        Glibc.close(descriptor)
    }

    // MARK: - Speaking

    func send(_ text: String, descriptors: [Int32] = []) throws {
        try send(Array(text.utf8), descriptors: descriptors)
    }

    /// Sends all bytes; descriptors leave with the first one, by one sendmsg(2).
    func send(
        _ bytes: [UInt8],
        descriptors: [Int32] = [],
        within limit: Duration = Deadline.patience
    ) throws {
        let deadline = Deadline(in: limit)
        var sent = 0
        while sent < bytes.count {
            let count = sendSome(bytes[sent...], descriptors: sent == 0 ? descriptors : [])
            if count >= 0 {
                sent += count
            } else if errno != EAGAIN || !deadline.waits(for: POLLOUT, on: descriptor) {
                throw Failure.system("\(name) cannot send, \(sent) of \(bytes.count) bytes are gone")
            }
        }
    }

    /// Sends what the socket takes at once; -1 and errno if that is nothing.
    func sendSome(_ bytes: ArraySlice<UInt8>, descriptors: [Int32] = []) -> Int {
        bytes.withUnsafeBytes { buffer in
            descriptors.withUnsafeBufferPointer { set in
                csupport_send(descriptor, buffer.baseAddress, buffer.count, set.baseAddress, Int32(set.count))
            }
        }
    }

    /// Says that nothing more will be said.
    func halfClose() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    // MARK: - Listening

    /// The next line, its end included.
    func readLine(within limit: Duration = Deadline.patience) throws -> String {
        try read(to: [0x0A], within: limit)
    }

    /// The next message, its end included.
    func readMessage() throws -> String {
        try read(to: Array((isPretty ? "\r\n}\r\n" : "\r\n").utf8))
    }

    /// What comes up to and with some bytes.
    func read(to end: [UInt8], within limit: Duration = Deadline.patience) throws -> String {
        let deadline = Deadline(in: limit)
        var searched = start
        while true {
            if let index = firstIndex(of: end, from: searched) {
                defer { start = index + end.count }
                return String(decoding: received[start..<index + end.count], as: UTF8.self)
            }
            searched = max(start, received.count - end.count + 1)
            guard !isAtEnd else { throw Failure("\(name) was closed; it had got \(quoted)") }
            guard deadline.waits(for: POLLIN, on: descriptor) else {
                throw Failure("\(name) waited \(limit) in vain; it had got \(quoted)")
            }
            let dropped = start
            try fill()
            searched -= dropped
        }
    }

    /// Passes over so many lines, however long, that come next.
    func skipLines(_ count: Int, within limit: Duration = Deadline.patience) throws {
        let deadline = Deadline(in: limit)
        var left = count
        while left > 0 {
            if let index = firstIndex(of: [0x0A], from: start) {
                start = index + 1
                left -= 1
            } else {
                guard !isAtEnd, deadline.waits(for: POLLIN, on: descriptor) else {
                    throw Failure("\(name) got \(count - left) of \(count) lines")
                }
                start = received.count
                try fill()
            }
        }
    }

    /// All that comes until the other side closes.
    func readToEnd(within limit: Duration = Deadline.patience) throws -> String {
        let deadline = Deadline(in: limit)
        while !isAtEnd {
            guard deadline.waits(for: POLLIN, on: descriptor) else {
                throw Failure("\(name) was not closed within \(limit); it had got \(quoted)")
            }
            try fill()
        }
        return takeAll()
    }

    /// All that comes until nothing comes for a while.
    func readUntilIdle(for pause: Duration = .milliseconds(120)) throws -> String {
        while !isAtEnd, Deadline(in: pause).waits(for: POLLIN, on: descriptor) { try fill() }
        return takeAll()
    }

    /// Whether nothing comes for a while; what was read before and not taken counts.
    func isSilent(for pause: Duration = .milliseconds(120)) -> Bool {
        start == received.count && !isAtEnd && !Deadline(in: pause).waits(for: POLLIN, on: descriptor)
    }

    private var quoted: String {
        "\(received.count - start) bytes: \(String(decoding: received[start...].prefix(2000), as: UTF8.self))"
    }

    private func takeAll() -> String {
        defer { start = received.count }
        return String(decoding: received[start...], as: UTF8.self)
    }

    private func fill() throws {
        received.removeFirst(start)
        start = 0
        let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        received += buffer.prefix(max(0, count))
        if count == 0 || (count < 0 && errno == ECONNRESET) { isAtEnd = true }
        if count < 0, errno != ECONNRESET, errno != EAGAIN { throw Failure.system("\(name) cannot read") }
    }

    /// Where some bytes stand, known by the last of them.
    private func firstIndex(of bytes: [UInt8], from index: Int) -> Int? {
        var next = index + bytes.count - 1
        while next < received.count {
            let found = received.withUnsafeBytes { buffer in
                csupport_find_byte(buffer.baseAddress?.advanced(by: next), buffer.count - next, bytes[bytes.count - 1])
            }
            guard found >= 0 else { return nil }
            next += found + 1
            if received[(next - bytes.count)..<next].elementsEqual(bytes) { return next - bytes.count }
        }
        return nil
    }
}
