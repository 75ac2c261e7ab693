import CSupport
import Glibc
import Libevent
import Testing

/// Which file a descriptor stands for.
struct FileIdentity: Equatable {
    var device: dev_t
    var inode: ino_t

    init(of descriptor: CInt) {
        var status = stat()
        fstat(descriptor, &status)
        (device, inode) = (status.st_dev, status.st_ino)
    }
}

/// Two connected sockets: ours for a connection, the far end in the test's hands.
struct SocketPair {
    let ours: DescriptorHandle
    let far: FarEnd

    init(_ type: __socket_type = SOCK_STREAM, sendBuffer: CInt? = nil) throws {
        var both: [CInt] = [-1, -1]
        try #require(socketpair(AF_UNIX, CInt(type.rawValue | SOCK_CLOEXEC.rawValue), 0, &both) == 0)
        ours = DescriptorHandle(owning: both[0])
        far = FarEnd(DescriptorHandle(owning: both[1]))
        if var sendBuffer {
            let size = socklen_t(MemoryLayout<CInt>.size)
            try #require(setsockopt(both[0], SOL_SOCKET, SO_SNDBUF, &sendBuffer, size) == 0)
        }
    }
}

/// A blocking socket that a test plays the peer with; no call of it waits.
final class FarEnd {
    private let descriptor: DescriptorHandle
    private(set) var bytes: [UInt8] = []
    private var numbers = [CInt](repeating: -1, count: 253)

    init(_ descriptor: DescriptorHandle) {
        self.descriptor = descriptor
    }

    private var number: CInt {
        descriptor.number ?? -1
    }

    var text: String {
        String(decoding: bytes, as: UTF8.self)
    }

    func send(_ text: String, descriptors: [DescriptorHandle] = []) {
        send(Array(text.utf8), descriptors: descriptors)
    }

    func send(_ bytes: [UInt8], descriptors: [DescriptorHandle] = []) {
        let numbers = descriptors.compactMap(\.number)
        #expect(csupport_send(number, bytes, bytes.count, numbers, CInt(numbers.count)) == bytes.count)
    }

    /// What one call gives now: nothing is `nil`, the end is empty.
    func receive(upTo length: Int = 1 << 18) -> String? {
        receiveBytes(upTo: length).map { String(decoding: $0, as: UTF8.self) }
    }

    func receiveBytes(upTo length: Int = 1 << 18) -> [UInt8]? {
        var received = [UInt8](repeating: 0, count: length)
        let count = recv(number, &received, length, CInt(MSG_DONTWAIT))
        guard count >= 0 else { return nil }
        received.removeSubrange(count...)
        bytes += received
        return received
    }

    /// Reads a byte with the descriptors that came with it; `nil` when there is nothing.
    func receiveByte() -> (text: String, identities: [FileIdentity])? {
        var (byte, count, truncated): (UInt8, CInt, CInt) = (0, 0, 0)
        let received = csupport_receive(number, &byte, 1, CInt(MSG_DONTWAIT), &numbers, 253, &count, &truncated)
        guard received > 0 else { return nil }
        bytes.append(byte)
        let handles = numbers[..<Int(count)].map(DescriptorHandle.init(owning:))
        return (String(decoding: [byte], as: UTF8.self), handles.map { FileIdentity(of: $0.number ?? -1) })
    }

    /// Whether the peer is wholly gone (poll(2), POLLHUP).
    var isLeft: Bool {
        var question = pollfd(fd: number, events: 0, revents: 0)
        return poll(&question, 1, 0) == 1 && question.revents & Int16(POLLHUP) != 0
    }

    func close() {
        descriptor.close()
    }

    func halfClose() {
        shutdown(number, CInt(SHUT_WR))
    }

    /// Closes with a TCP reset.
    func reset() {
        var abortive = linger(l_onoff: 1, l_linger: 0)
        setsockopt(number, SOL_SOCKET, SO_LINGER, &abortive, socklen_t(MemoryLayout<linger>.size))
        close()
    }
}

/// A pipe whose writing end is passed around: the reading end knows whether any copy is left.
struct PassedPipe {
    let passed: DescriptorHandle
    private let reading: DescriptorHandle

    init() throws {
        var both: [CInt] = [-1, -1]
        try #require(pipe(&both) == 0)
        // Other tests start programs, which must not keep the pipe open.
        for end in both { try #require(fcntl(end, F_SETFD, FD_CLOEXEC) == 0) }
        reading = DescriptorHandle(owning: both[0])
        passed = DescriptorHandle(owning: both[1])
    }

    var identity: FileIdentity {
        FileIdentity(of: reading.number ?? -1)
    }

    /// Whether every copy of the writing end is closed (poll(2), POLLHUP).
    ///
    /// A program that another test is just starting has copies until it has begun.
    var isWhollyClosed: Bool {
        becomesWhollyClosed(withinMilliseconds: 2000)
    }

    /// Blocks the thread, for as long as it takes.
    func waitUntilWhollyClosed() {
        #expect(becomesWhollyClosed(withinMilliseconds: -1))
    }

    private func becomesWhollyClosed(withinMilliseconds time: CInt) -> Bool {
        var question = pollfd(fd: reading.number ?? -1, events: 0, revents: 0)
        return poll(&question, 1, time) == 1 && question.revents & Int16(POLLHUP) != 0
    }
}
