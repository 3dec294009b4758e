import { HubConnectionBuilder } from "@microsoft/signalr";

const connection = new HubConnectionBuilder()
  .withUrl(process.argv[2] ?? "http://localhost:5000/hubs/clock")
  .withAutomaticReconnect()
  .build();

connection.on("ShowTime", time => console.log(time));

await connection.start();
