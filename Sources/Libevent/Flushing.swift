/// What has output to hand to the kernel at the end of a turn of the ``EventLoop``.
protocol Flushing: AnyObject {
    /// Whether it goes before others of the same turn.
    var flushesFirst: Bool { get }

    /// Hands over what was queued in this turn.
    func flush()
}
