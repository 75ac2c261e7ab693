public import QMP

/// Feeds a decoder the same bytes in pieces of several sizes: what comes out may not depend on how they were cut.
public enum DecoderVerifier {
    /// The frames that a client's bytes give, or `nil` if they differ from one way of cutting to another.
    ///
    /// Runs of skipped bytes are joined, since they are told as they come.
    public static func frames(of bytes: [UInt8], limits: Limits = .qemu) -> [Frame]? {
        agreed(bytes) { pieces in
            var decoder = FrameDecoder(limits: limits)
            var frames: [Frame] = []
            for piece in pieces {
                decoder.append(piece)
                while let frame = decoder.next() { append(frame, to: &frames) }
            }
            return frames
        }
    }

    /// The messages that a monitor's bytes give, or `nil` if they differ from one way of cutting to another.
    public static func messages(of bytes: [UInt8]) -> [MonitorMessage]? {
        agreed(bytes) { pieces in
            var decoder = MonitorDecoder()
            var messages: [MonitorMessage] = []
            for piece in pieces {
                decoder.append(piece)
                while let message = try? decoder.next() { messages.append(message) }
            }
            return messages
        }
    }

    /// All at once, byte by byte, and in lumps.
    private static func agreed<Output: Equatable>(_ bytes: [UInt8], _ decode: ([Bytes]) -> [Output]) -> [Output]? {
        let sizes = [max(bytes.count, 1), 1, 2, 3, 7, 64]
        let results = sizes.map { size in
            decode(
                stride(from: 0, to: bytes.count, by: size).map { start in
                    Array(bytes[start..<min(start + size, bytes.count)])[...]
                }
            )
        }
        return results.allSatisfy { $0 == results[0] } ? results[0] : nil
    }

    private static func append(_ frame: Frame, to frames: inout [Frame]) {
        if case .skipped(let more) = frame, case .skipped(let bytes) = frames.last {
            frames[frames.count - 1] = .skipped(bytes + more)
        } else {
            frames.append(frame)
        }
    }
}
