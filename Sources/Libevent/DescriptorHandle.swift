internal import Glibc
internal import Synchronization

/// Owns one file descriptor: it is closed exactly once, with this object at the latest.
public final class DescriptorHandle: Sendable {
    /// -1 once it was given away or closed.
    private let descriptor: Atomic<CInt>

    /// Takes the ownership of an open descriptor; nobody else may close it from here on.
    public init(owning descriptor: CInt) {
        self.descriptor = Atomic(descriptor)
    }

    deinit {
        close()
    }

    /// The descriptor's number, only to be used while this object is kept; `nil` once it is closed or given away.
    public var number: CInt? {
        let number = descriptor.load(ordering: .acquiring)
        return number >= 0 ? number : nil
    }

    /// Gives the descriptor away: whoever gets it has to close it.
    ///
    /// - Returns: the descriptor's number, to one caller only; `nil` for every later one.
    public func take() -> CInt? {
        let number = descriptor.exchange(-1, ordering: .acquiringAndReleasing)
        return number >= 0 ? number : nil
    }

    /// Closes the descriptor now; does nothing when it is closed or given away already.
    ///
    /// Never repeated on failure: Linux has released the number even then (close(2), "Dealing with error returns").
    public func close() {
        if let number = take() {
            _ = Glibc.close(number)
        }
    }
}

extension DescriptorHandle: Hashable {
    /// Two handles are equal when they are the same object; a number may come again, this does not while it is kept.
    public static func == (one: DescriptorHandle, other: DescriptorHandle) -> Bool {
        one === other
    }

    /// Feeds the object's identity.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(ObjectIdentifier(self))
    }
}
