/// What a worker tells the process that started it, which observes for both: lines of its standard output, among which a script may print its own.
module internal SimCLR.Relay

open System

/// What happens to the cell that the worker is at.
[<RequireQualifiedAccess>]
type Message =
    | Noted of string
    | Began of Number: int * Total: int * Cell: Cell
    | Stepped of Stage
    | Measured of Figure list
    /// None: it has an outcome, which is stored.
    | Ended of Failure option
    | Interrupted of int64 option

/// Begins a line that is a message.
[<Literal>]
let private Mark = "\u0001simclr "

let private send (message: Message) =
    Console.Out.WriteLine(Mark + Json.writeLine message)
    Console.Out.Flush()

/// The message of a line of a worker's output, if it is one.
let tryRead (line: string) : Message option =
    match line.IndexOf(Mark, StringComparison.Ordinal) with
    | -1 -> None
    | at -> Json.read<Message>(line.Substring(at + Mark.Length)) |> Result.toOption

/// Sends what a worker does; what it finds done, and what it waits for, is another's.
let observer () : Observer =
    Observer.ofNew (function
        | Event.Noted text -> send (Message.Noted text)
        | Event.Began(number, total, cell) -> send (Message.Began(number, total, cell))
        | Event.Stepped(_, stage) -> send (Message.Stepped stage)
        | Event.Measured(_, figures) -> send (Message.Measured figures)
        | Event.Ended { Result = Ok _ } -> send (Message.Ended None)
        | Event.Ended { Result = Error failure } -> send (Message.Ended(Some failure))
        | Event.Interrupted(_, checkpoint) -> send (Message.Interrupted checkpoint)
        | Event.Planned _
        | Event.Waiting _
        | Event.Finished -> ())
