/// Every limit of an Exec plugin, with its unit and reason.
enum ExecLimits {
    /// How long a verdict may take.
    ///
    /// 1 ms: no program is asked and answers in less; 10 min: the longest that a command can be held.
    static let timeout = Duration.milliseconds(1) ... .seconds(600)

    /// How long a verdict may take if nothing is said of it.
    ///
    /// 5 s: less than clients wait for QEMU, more than a program needs that has to ask somebody itself.
    static let timeoutUsual = Duration.seconds(5)

    /// How long QEMU may take to answer a command of the program's own if nothing is said of it.
    ///
    /// 10 s: as for plugins that are part of the proxy.
    static let executionTime = Duration.seconds(10)

    /// How long a program may take until it says hello; then it is ended.
    ///
    /// 10 s: an interpreter that starts on a busy machine takes two.
    static let helloTime = Duration.seconds(10)

    /// The first pause before a program that has ended is started again; it doubles each time.
    ///
    /// 0.1 s: a program that was ended by hand is back at once.
    static let restartDelayMin = Duration.milliseconds(100)

    /// The longest such pause.
    ///
    /// 30 s: a program that never comes up costs nothing, and is back soon when what it lacked is there.
    static let restartDelayMax = Duration.seconds(30)

    /// How long a program has to run for the next pause to be the shortest again.
    ///
    /// 10 s: who fails at its start fails before.
    static let steadyAfter = Duration.seconds(10)

    /// Commands that wait for a verdict, in number; others are refused at once.
    ///
    /// 1,024: as many as there may be clients; in-band each waits for one at a time.
    static let waitingMax = 1024

    /// Commands of the program's own that are not answered yet, in number; others are refused.
    ///
    /// 64: as many as a client may have waiting.
    static let executionsMax = 64

    /// Lines of one life of the program's that could not be used, in number; then it is ended.
    ///
    /// 100: enough to see what is wrong, little enough to keep the log readable.
    static let faultsMax = 100

    /// What is repeated to the program of a line that could not be used, in bytes.
    ///
    /// 256: enough to know it again.
    static let quotedBytesMax = 256

    /// Names and patterns of one kind that a program may subscribe to, in number.
    ///
    /// 1,024: QEMU has some 300 commands.
    static let namesMax = 1024
}
