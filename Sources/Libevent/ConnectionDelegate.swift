/// What a ``Connection`` tells its owner, from the loop and never from within a call of the owner's.
///
/// In each of these the owner may do anything to any connection, this one included.
public protocol ConnectionDelegate: AnyObject {
    /// Bytes came in; `descriptors` came with the first of them.
    func connection(_ connection: Connection, received bytes: ArraySlice<UInt8>, descriptors: [DescriptorHandle])

    /// The peer will send no more, but may still read.
    ///
    /// Over TCP a peer that is wholly gone looks the same until it is sent something.
    func connectionEnded(_ connection: Connection)

    /// The connection is gone for good, whoever closed it; the last call about it.
    func connection(_ connection: Connection, closed reason: String)

    /// So many bytes were queued that the kernel has not taken yet.
    ///
    /// Comes after each try to send, as long as that is more than nothing, and once when it is nothing again.
    /// `beyondCurrent` leaves out the rest of the message that is partly sent or next.
    func connection(_ connection: Connection, unsent bytes: Int, beyondCurrent: Int)

    /// More descriptors came than the `kept` ones that are received next; the kernel has closed the others.
    ///
    /// That is so from the 17th on, as in QEMU, and when this process has no room for more. By default nothing is done.
    func connection(_ connection: Connection, lostDescriptorsBeyond kept: Int)
}

extension ConnectionDelegate {
    /// Does nothing.
    public func connection(_ connection: Connection, lostDescriptorsBeyond kept: Int) {}
}
