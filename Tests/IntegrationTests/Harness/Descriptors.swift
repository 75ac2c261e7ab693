import Foundation

/// Descriptors that a test makes, gives away and looks at.
enum Descriptors {
    /// A pipe: what is written to one end can be read at the other.
    final class Pipe {
        let readEnd: Int32
        private(set) var writeEnd: Int32

        init() throws {
            var ends: [Int32] = [-1, -1]
            let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
            guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw Failure.system("socketpair") }
            readEnd = ends[0]
            writeEnd = ends[1]
        }

        deinit {
            close(readEnd)
            if writeEnd >= 0 { close(writeEnd) }
        }

        /// Lets go of the end that was given away.
        func closeWriteEnd() {
            close(writeEnd)
            writeEnd = -1
        }

        /// Whether all others have let go of the other end: nothing more can come.
        func isClosed(within limit: Duration = Deadline.patience) -> Bool {
            var byte: UInt8 = 0
            return Deadline(in: limit).waits(for: POLLIN, on: readEnd)
                && recv(readEnd, &byte, 1, Int32(MSG_DONTWAIT) | Int32(MSG_PEEK)) == 0
        }

        /// The first bytes that were written.
        func text(ofLength length: Int) throws -> String {
            var bytes = [UInt8](repeating: 0, count: length)
            var count = 0
            let deadline = Deadline()
            while count < length {
                guard deadline.waits(for: POLLIN, on: readEnd) else { throw Failure("only \(count) bytes came") }
                let more = recv(readEnd, &bytes[count], length - count, Int32(MSG_DONTWAIT))
                guard more > 0 else { throw Failure("the pipe was closed after \(count) bytes") }
                count += more
            }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    /// A file on the bench that is opened for reading and writing.
    static func open(_ path: String, containing text: String = "") throws -> Int32 {
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        let descriptor = Glibc.open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure.system("open \(path)") }
        return descriptor
    }
}
