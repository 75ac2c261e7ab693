internal import Libevent
internal import ProxyCore

/// The descriptors behind the engine's tokens.
///
/// Each leaves the table once: to be sent, or to be closed.
struct DescriptorTable {
    private var handles: [DescriptorToken: DescriptorHandle] = [:]
    private var lastNumber = 0

    /// Takes descriptors in, and gives tokens for them.
    mutating func insert(_ descriptors: [DescriptorHandle]) -> [DescriptorToken] {
        descriptors.map { handle in
            lastNumber += 1
            let token = DescriptorToken(lastNumber)
            handles[token] = handle
            return token
        }
    }

    /// Gives descriptors out; one that is let go of is closed.
    mutating func take(_ tokens: [DescriptorToken]) -> [DescriptorHandle] {
        tokens.compactMap { handles.removeValue(forKey: $0) }
    }
}
