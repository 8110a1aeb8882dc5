// COMMAND  ./simclr run scripts/mlflow.fsx
//          with the server's address in MLFLOW_TRACKING_URI (unset: http://localhost:5000), and the experiment's number in MLFLOW_EXPERIMENT_ID (unset: 0)
// EXPECT   A temperature sweep, as in temperature.fsx, that MLflow shows while it trains: a run for every setting with its parameters, the curve of
//          the loss and the accuracies. --workers shares it out. Without a server, that is said once, and
//          the sweep goes on.
#load "load.fsx"

open System
open System.Collections.Generic
open System.Net.Http
open System.Net.Http.Json
open System.Text.Json
open SimCLR

let sweep = Sweep.fromArgs "mlflow" Load.arguments

/// An observer that sends what happens to the REST interface of an MLflow server, version 2.0.
let mlflow (server: string) (experiment: string) : Observer =
    let client = new HttpClient(Timeout = TimeSpan.FromSeconds 10.0)

    let post (path: string) body =
        use response =
            client.PostAsJsonAsync($"{server.TrimEnd '/'}/api/2.0/mlflow/{path}", body).GetAwaiter().GetResult()

        let text = response.Content.ReadAsStringAsync().GetAwaiter().GetResult()

        if not response.IsSuccessStatusCode then
            failwith $"{path}: {int response.StatusCode} {text}"

        JsonDocument.Parse(text).RootElement

    let milliseconds (time: float) = int64 (1000.0 * time)

    let now () =
        DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()

    /// MLflow's names have letters, digits and these.
    let plain name =
        name
        |> String.map (fun c ->
            if Char.IsLetterOrDigit c || "_-. /".Contains c then
                c
            else
                '_')

    let metric name value time step =
        {|
            key = plain name
            value = (value: float)
            timestamp = (time: int64)
            step = (step: int64)
        |}

    /// MLflow's number of a run, by the run's hash, and what is still to be sent of it.
    let runs = Dictionary<string, string>()
    let waiting = Dictionary<string, List<_>>()
    let sent = Dictionary<string, DateTime>()
    /// So long points wait for others.
    let patience = TimeSpan.FromSeconds 5.0

    let send hash =
        for metrics in Seq.chunkBySize 1000 (waiting[hash].ToArray()) do
            post
                "runs/log-batch"
                {|
                    run_id = runs[hash]
                    metrics = metrics
                |}
            |> ignore

        waiting[hash].Clear()
        sent[hash] <- DateTime.UtcNow

    let begin' (cell: Cell) =
        let hash = Run.hash cell.Run

        let created =
            post
                "runs/create"
                {|
                    experiment_id = experiment
                    start_time = now ()
                    run_name = Grid.label cell
                    tags = [ {| key = "simclr.hash"; value = hash |} ]
                |}

        let number =
            created.GetProperty("run").GetProperty("info").GetProperty("run_id").GetString()

        runs[hash] <- number
        waiting[hash] <- List()
        sent[hash] <- DateTime.UtcNow

        // A request may hold a hundred parameters.
        for parameters in Run.paths cell.Run |> List.chunkBySize 100 do
            post
                "runs/log-batch"
                {|
                    run_id = number
                    ``params`` = [ for name, value in parameters -> {| key = plain name; value = value |} ]
                |}
            |> ignore

    let finish run status =
        let hash = Run.hash run

        if runs.ContainsKey hash then
            send hash

            post
                "runs/update"
                {|
                    run_id = runs[hash]
                    status = status
                    end_time = now ()
                |}
            |> ignore

            runs.Remove hash |> ignore

    function
    | Event.Began(_, _, cell) -> begin' cell
    | Event.Stepped(run, stage) when runs.ContainsKey(Run.hash run) ->
        let hash, point = Run.hash run, stage.Point
        let name figure = (stage.Of + " " + figure).Trim()

        for KeyValue(figure, value) in point.Figures do
            if Double.IsFinite value then
                waiting[hash].Add(metric (name figure) value (milliseconds point.Time) point.Step)

        waiting[hash].Add(metric (name "learning rate") point.LearningRate (milliseconds point.Time) point.Step)

        if DateTime.UtcNow - sent[hash] > patience then
            send hash
    | Event.Ended { Cell = cell; Result = Ok outcome } ->
        let hash = Run.hash cell.Run

        if runs.ContainsKey hash then
            for figure in outcome.Figures do
                if Double.IsFinite figure.Value then
                    waiting[hash].Add(metric $"final {figure.FullName}" figure.Value (now ()) outcome.Steps)

        finish cell.Run "FINISHED"
    | Event.Ended { Cell = cell } -> finish cell.Run "FAILED"
    | Event.Interrupted(cell, _) -> finish cell.Run "KILLED"
    | _ -> ()

let server =
    Environment.GetEnvironmentVariable "MLFLOW_TRACKING_URI"
    |> Option.ofObj
    |> Option.defaultValue "http://localhost:5000"

let experiment =
    Environment.GetEnvironmentVariable "MLFLOW_EXPERIMENT_ID"
    |> Option.ofObj
    |> Option.defaultValue "0"

Grid.from sweep.Baseline
|> Grid.vary "temperature" Run.withTemperature [ 0.1; 0.5 ]
|> Grid.seeds sweep.Seeds
|> Sweep.main (sweep |> Sweep.observedBy "MLflow" (mlflow server experiment))
