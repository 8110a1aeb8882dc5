module SimCLR.Tests.RunJsonTests

open FsCheck.FSharp
open SimCLR
open SimCLR.Tests.Generators
open Xunit

[<Fact>]
let A_run_reads_back_the_same () =
    forAllOf 300 run (fun run -> Run.ofJson (Run.toJson run) = Ok run)

[<Fact>]
let Every_finite_number_reads_back_to_the_last_bit () =
    forAllOf 1000 finite (fun x ->
        match Run.shapes |> Run.withWarmupEpochs x |> Run.toJson |> Run.ofJson with
        | Ok run -> run.Schedule.WarmupEpochs.Equals x
        | Error _ -> false)

[<Fact>]
let A_run_with_a_number_that_is_none_reads_back_the_same () =
    for x in [ nan; infinity; -infinity ] do
        match Run.shapes |> Run.withTemperature x |> Run.toJson |> Run.ofJson with
        | Ok run -> Assert.Equal(Some x, Loss.temperature run.Loss)
        | Error why -> Assert.Fail why

[<Fact>]
let Every_single_change_reads_back_the_same () =
    forAllOf 10 run (fun run ->
        Leaves.of' run
        |> List.forall (fun (_, changed) -> Run.ofJson (Run.toJson changed) = Ok changed))

let private refused (expected: string) text =
    match Run.ofJson text with
    | Ok _ -> Assert.Fail $"It was read: {text}"
    | Error message -> Assert.Contains(expected, message)

let private json = Run.toJson Pinned.small

[<Fact>]
let An_unknown_field_is_refused () =
    refused "Temprature" (json.Replace("\"Temperature\": 0.1,", "\"Temperature\": 0.1, \"Temprature\": 0.5,"))

[<Fact>]
let A_misspelt_field_is_refused () =
    let text = json.Replace("\"BatchSize\"", "\"batchSize\"")
    Assert.NotEqual<string>(json, text)
    refused "BatchSize" text

[<Fact>]
let A_missing_field_is_refused () =
    let text = json.Replace("\"Epochs\": 10,", "")
    Assert.NotEqual<string>(json, text)
    refused "Epochs" text

[<Fact>]
let A_missing_optional_field_is_none () =
    let wide =
        { Pinned.small with
            Head =
                { Pinned.small.Head with
                    Hidden = Some 64
                }
        }

    let text = Run.toJson wide
    let without = text.Replace("\"Hidden\": 64,", "")
    Assert.NotEqual<string>(text, without)
    Assert.Equal(Ok Pinned.small, Run.ofJson without)

[<Fact>]
let A_field_that_is_there_twice_is_refused () =
    refused "Epochs" (json.Replace("\"Epochs\": 10,", "\"Epochs\": 10, \"Epochs\": 11,"))

[<Fact>]
let An_unknown_case_is_refused () =
    refused "NtXnt" (json.Replace("NtXent", "NtXnt"))

[<Theory>]
[<InlineData("")>]
[<InlineData("null")>]
[<InlineData("[]")>]
[<InlineData("{}")>]
[<InlineData("42")>]
[<InlineData("{\"Images\": ")>]
let Other_text_is_refused (text: string) = refused "This is no run" text

[<Fact>]
let A_wrong_type_is_refused () =
    refused "This is no run" (json.Replace("\"Epochs\": 10", "\"Epochs\": \"ten\""))
    refused "This is no run" (json.Replace("\"Epochs\": 10", "\"Epochs\": 10.5"))
    refused "This is no run" (json.Replace("\"Epochs\": 10", "\"Epochs\": null"))
