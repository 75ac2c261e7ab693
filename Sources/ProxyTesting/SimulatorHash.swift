internal import ProxyCore
internal import QMP
internal import Recording

/// A running hash of what an engine asks for (FNV-1a, eight bytes at once).
struct SimulatorHash {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    private mutating func mix(_ word: UInt64) {
        value = (value ^ word) &* 0x0000_0100_0000_01B3
        value ^= value >> 29
    }

    private mutating func mix(_ number: Int) {
        mix(UInt64(truncatingIfNeeded: number))
    }

    /// Takes bytes in.
    mutating func mix(_ bytes: Bytes) {
        mix(bytes.count)
        bytes.withUnsafeBytes { buffer in
            var index = 0
            while index + 8 <= buffer.count {
                mix(buffer.loadUnaligned(fromByteOffset: index, as: UInt64.self))
                index += 8
            }
            while index < buffer.count {
                mix(UInt64(buffer[index]))
                index += 1
            }
        }
    }

    private mutating func mix(_ endpoint: Endpoint) {
        switch endpoint {
        case .monitor: mix(0)
        case .client(let number): mix(number)
        case .secondMonitor(let number): mix(-number)
        }
    }

    private mutating func mix(_ descriptors: [DescriptorToken]) {
        for descriptor in descriptors { mix(descriptor.number) }
    }

    /// Takes one more action in.
    mutating func mix(_ action: ProxyAction) {
        switch action {
        case .send(let endpoint, let message, let descriptors):
            mix(1)
            mix(endpoint)
            mix(message.joined)
            mix(descriptors)
        case .closeDescriptors(let descriptors):
            mix(2)
            mix(descriptors)
        case .pauseReading(let endpoint):
            mix(3)
            mix(endpoint)
        case .resumeReading(let endpoint):
            mix(4)
            mix(endpoint)
        case .finish(let endpoint):
            mix(5)
            mix(endpoint)
        case .close(let endpoint):
            mix(6)
            mix(endpoint)
        case .setTimer(let timer, let time):
            mix(7)
            mix(Bytes(text: "\(timer)"))
            mix(Int(time.microseconds))
        case .cancelTimer(let timer):
            mix(8)
            mix(Bytes(text: "\(timer)"))
        case .log(_, let text):
            mix(9)
            mix(Bytes(text: text))
        case .record(let entry):
            mix(10)
            mix(Int(entry.time.microseconds))
            mix(entry.command ?? -1)
            mix(entry.descriptors)
        case .connectMonitor: mix(11)
        case .pauseAccepting: mix(12)
        case .resumeAccepting: mix(13)
        case .stopped: mix(14)
        case .connectSecondMonitor, .store, .startProgram, .writeToProgram, .stopProgram:
            mix(15)
            mix(Bytes(text: "\(action)"))
        }
    }
}
