import Foundation

/// A service manager's end of sd_notify(3): a datagram socket, one message a datagram.
final class Notifications {
    let path: String
    private let descriptor: Int32

    init() throws {
        path = Workbench.current.newPath("notify")
        descriptor = try SocketAddress.unix(path).listen(datagrams: true)
    }

    deinit {
        close(descriptor)
    }

    /// The next message.
    ///
    /// - Throws: ``Failure`` if none comes in time, or the process ends before.
    func next(from process: ChildProcess) throws -> String {
        var message: String?
        let came = Deadline().waits {
            message = receive()
            return message != nil || !process.isRunning
        }
        guard came, let message = message ?? receive() else {
            throw Failure("\(process.name) notified of nothing; it said:\n\(process.errors)")
        }
        return message
    }

    /// Waits for a message, passing over others.
    func wait(for expected: String, from process: ChildProcess) throws {
        while try next(from: process) != expected {}
    }

    private func receive() -> String? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }
}
