/// Reads and writes values as JSON; the same value always gives the same text.
module internal SimCLR.Json

open System
open System.Globalization
open System.Text.Json
open System.Text.Json.Serialization

/// Shortest digits that read back the same number. -0.0, which equals 0.0, is written as 0; what is no number as a string.
type private FloatConverter() =
    inherit JsonConverter<float>()

    override _.Write(writer, value, _) =
        if Double.IsFinite value then
            writer.WriteNumberValue(value + 0.0)
        else
            writer.WriteStringValue(value.ToString("R", CultureInfo.InvariantCulture))

    override _.Read(reader, _, _) =
        if reader.TokenType = JsonTokenType.Number then
            reader.GetDouble()
        else
            match reader.GetString() with
            | "NaN" -> nan
            | "Infinity" -> infinity
            | "-Infinity" -> -infinity
            | text -> raise (JsonException $"'{text}' is no number")

let private options indented =
    let options = JsonSerializerOptions(WriteIndented = indented)
    options.Converters.Add(FloatConverter())

    options.Converters.Add(
        JsonFSharpConverter(
            JsonUnionEncoding.ExternalTag
            ||| JsonUnionEncoding.NamedFields
            ||| JsonUnionEncoding.UnwrapFieldlessTags
            ||| JsonUnionEncoding.UnwrapSingleFieldCases
            ||| JsonUnionEncoding.UnwrapOption
        )
    )

    options

let private pretty = options true
let private compact = options false

/// Indented, for people.
let write (value: 'T) = JsonSerializer.Serialize(value, pretty)

/// In one line.
let writeLine (value: 'T) =
    JsonSerializer.Serialize(value, compact)

/// Fields that only one of two documents has.
let rec private strangers path (given: JsonElement) (known: JsonElement) =
    let at (name: string) =
        if path = "" then name else $"{path}.{name}"

    match given.ValueKind, known.ValueKind with
    | JsonValueKind.Object, JsonValueKind.Object ->
        [
            for field in given.EnumerateObject() do
                match known.TryGetProperty field.Name with
                | true, other -> yield! strangers (at field.Name) field.Value other
                | _ -> $"there is no field '{at field.Name}'"
            for field in known.EnumerateObject() do
                match given.TryGetProperty field.Name with
                | true, _ -> ()
                | _ -> $"the field '{at field.Name}' is missing"
        ]
    | JsonValueKind.Array, JsonValueKind.Array when given.GetArrayLength() = known.GetArrayLength() ->
        Seq.zip (given.EnumerateArray()) (known.EnumerateArray())
        |> Seq.mapi (fun i (a, b) -> strangers $"{path}[{i}]" a b)
        |> List.concat
    | _ -> []

/// Reads a value, or says what is wrong with the text. A field too many, too few or twice is wrong.
let read<'T> (text: string) : Result<'T, string> =
    try
        use document =
            JsonDocument.Parse(text, JsonDocumentOptions(AllowDuplicateProperties = false))

        let value = document.RootElement.Deserialize<'T> compact

        if isNull (box value) then
            Error "it is empty"
        else
            match strangers "" document.RootElement (JsonSerializer.SerializeToElement(value, compact)) with
            | [] -> Ok value
            | wrong -> Error(String.concat "; " wrong)
    with
    | :? JsonException as error -> Error error.Message
    | :? InvalidOperationException as error -> Error error.Message
    | :? NotSupportedException as error -> Error error.Message
    | :? FormatException as error -> Error error.Message
