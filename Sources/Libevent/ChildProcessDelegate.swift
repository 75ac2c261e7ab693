/// What a ``ChildProcess`` tells its owner, from the loop and never from within a call of the owner's.
///
/// In each of these the owner may do anything to any program, this one included.
public protocol ChildProcessDelegate: AnyObject {
    /// It has written a line to its standard output, at most ``ChildProcess/lineBytesMax`` without its end.
    func childProcess(_ program: ChildProcess, wrote line: ArraySlice<UInt8>)

    /// It has written a line to its standard error; what is longer than ``ChildProcess/complaintBytesMax`` is cut.
    func childProcess(_ program: ChildProcess, complained line: ArraySlice<UInt8>)

    /// Of what was written to it the kernel has not taken so many bytes yet.
    ///
    /// Comes at the end of each turn in which that has changed by more than what the owner has written.
    func childProcess(_ program: ChildProcess, unsent bytes: Int)

    /// It is ended as by ``ChildProcess/stop()``, for that reason; its standard output is closed.
    func childProcess(_ program: ChildProcess, isEndedBecause reason: String)

    /// It has ended, all that it wrote was told, and nothing is left of its process group; the last call about it.
    func childProcess(_ program: ChildProcess, ended ending: ChildProcess.Ending)
}
